// Several compiled servers on one PostgreSQL database, with the same key and token: started, read, killed and paused by name.
// Knows nothing of messages.

import { copyFileSync, mkdirSync } from "node:fs";
import { pause, within } from "./polling.ts";
import { freePort, ServerProcess } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** How often starts of a node may fail, and how long one may take, ms. */
const failuresMax = 40;
const startMs = 60_000;
const secrets = ["identity.key", "iot-server.token"];

/** One of the servers. Its folder, its port and its name stay the same over its restarts. */
export class ClusterNode {
  /** Why starts have failed. */
  readonly failures: string[] = [];
  #server: ServerProcess | null = null;

  constructor(
    readonly name: string,
    readonly port: number,
    readonly folder: TemporaryFolder,
    private readonly args: readonly string[],
  ) {}

  get server(): ServerProcess {
    if (this.#server === null) throw new Error(`node ${this.name} does not run`);
    return this.#server;
  }

  get isRunning(): boolean {
    return this.#server?.isRunning === true;
  }

  /** Starts it. While PostgreSQL is away it waits. */
  async start(): Promise<void> {
    const { args, port, folder } = this;
    const server = new ServerProcess({ folder: folder.path, args }, port);
    this.#server = server;
    if (await within(`node ${this.name} to start`, server.begun, startMs)) return;
    throw new Error(`it ended with ${await server.exited}: ${server.stderr}`);
  }

  /** Starts it as whatever supervises it would: again, if that fails. */
  async startAgain(): Promise<void> {
    for (;;) {
      try {
        return await this.start();
      } catch (error) {
        await this.#server?.[Symbol.asyncDispose]();
        this.failures.push((error as Error).message);
        if (this.failures.length === failuresMax) throw error;
        await pause(500);
      }
    }
  }

  async kill(): Promise<void> {
    await this.server.stop("SIGKILL");
  }

  /** Its Activity.log. */
  get log(): string {
    return this.folder.text("log/Activity.log");
  }

  get errors(): string {
    return this.folder.text("log/error.log");
  }

  /** How many passwords it has hashed or checked since its start. */
  async passwords(): Promise<number> {
    const token = this.folder.text("iot-server.token").trim();
    const headers = { authorization: `Bearer ${token}` };
    const page = await (await fetch(`http://127.0.0.1:${this.port}/metrics`, { headers })).text();
    const value = /^iot_argon2_total\S* (\d+)$/m.exec(page)?.[1];
    if (value === undefined) throw new Error(`node ${this.name} has no such metric: ${page}`);
    return Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

export class Cluster implements AsyncDisposable {
  private constructor(
    private readonly folder: TemporaryFolder,
    readonly nodes: readonly ClusterNode[],
  ) {}

  /**
   * Starts a server for each name.
   * @param urlOf where a node finds the database
   * @param args more flags of all of them
   */
  static async start(
    names: readonly string[],
    urlOf: (name: string) => string,
    args: readonly string[] = [],
  ): Promise<Cluster> {
    const folder = new TemporaryFolder();
    const nodes: ClusterNode[] = [];
    for (const name of names) {
      mkdirSync(folder.join(name));
      const own = new TemporaryFolder(folder.join(name));
      const flags = ["--store", urlOf(name), "--node", name, ...args];
      nodes.push(new ClusterNode(name, await freePort(), own, flags));
    }
    const cluster = new Cluster(folder, nodes);
    try {
      // The first one makes the key and the token.
      const [first, ...others] = nodes as [ClusterNode, ...ClusterNode[]];
      await first.start();
      for (const { folder: own } of others) {
        for (const name of secrets) copyFileSync(first.folder.join(name), own.join(name));
      }
      await Promise.all(others.map((node) => node.start()));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  node(name: string): ClusterNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  }

  /** The names of the nodes whose logs have lines with a text, one for each line. */
  logged(text: string): string[] {
    return this.nodes.flatMap(({ name, log }) =>
      log.split("\n").flatMap((line) => (line.includes(text) ? [name] : [])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
