// Three compiled servers on a PostgreSQL with a synchronous standby, each behind relays of its own, and what can happen to
// them. Decides nothing.

import { type PostgresServer, startNew, superuser } from "../postgres-server.ts";
import { TcpRelay } from "../tcp-relay.ts";
import { Cluster, type ClusterNode } from "./node-cluster.ts";
import { pause } from "./polling.ts";

const names = ["a", "b", "c"] as const;

export class ChaosPlant implements AsyncDisposable {
  /** Which of the two leads. */
  #leads = 0;

  private constructor(
    readonly database: string,
    readonly cluster: Cluster,
    private readonly servers: PostgresServer[],
    private readonly relays: ReadonlyMap<string, readonly TcpRelay[]>,
  ) {}

  static async start(): Promise<ChaosPlant> {
    const primary = await startNew();
    const database = await primary.newDatabase();
    const servers = [primary, await primary.startReplica()];
    await primary.waitForReplica(true);
    const relays = new Map<string, readonly TcpRelay[]>(
      names.map((name) => [name, servers.map(({ port }) => new TcpRelay(port))]),
    );
    const urlOf = (name: string) => {
      const hosts = (relays.get(name) ?? []).map(({ port }) => `127.0.0.1:${port}`);
      return `postgres://${superuser}@${hosts.join()}/${database}`;
    };
    const cluster = await Cluster.start(names, urlOf);
    return new ChaosPlant(database, cluster, servers, relays);
  }

  get nodes(): readonly ClusterNode[] {
    return this.cluster.nodes;
  }

  get primary(): PostgresServer {
    return this.servers[this.#leads] as PostgresServer;
  }

  /** The rows that the primary has for a query. */
  async sql<Row>(text: string): Promise<Row[]> {
    const sql = this.primary.connect(this.database);
    try {
      return (await sql.unsafe(text)) as Row[];
    } finally {
      await sql.close({ timeout: 0 });
    }
  }

  /** The primary dies, its standby takes over and gets one of its own. */
  async failOver(): Promise<void> {
    const dead = this.#leads;
    await this.primary.stop("immediate");
    this.#leads = 1 - dead;
    const { primary } = this;
    await primary.promote();
    const replica = await primary.startReplica();
    this.servers[dead] = replica;
    for (const own of this.relays.values()) (own[dead] as TcpRelay).to = replica.port;
    await primary.waitForReplica(true);
  }

  /** What a node and PostgreSQL say to each other waits for a while. */
  async stall(name: string, ms: number): Promise<void> {
    this.#set(name, "stalled");
    await pause(ms);
    this.#set(name, "open");
  }

  /** What PostgreSQL says to a node is thrown away for a while; then the connections are cut. */
  async swallow(name: string, ms: number): Promise<void> {
    this.#set(name, "mute");
    await pause(ms);
    this.cut(name);
    this.#set(name, "open");
  }

  /** A node and PostgreSQL do not hear each other for a while, nor that connections end; then they are cut. */
  async blackHole(name: string, ms: number): Promise<void> {
    this.#set(name, "silent");
    await pause(ms);
    this.cut(name);
    this.#set(name, "open");
  }

  cut(name: string): void {
    for (const relay of this.relays.get(name) ?? []) relay.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const own of this.relays.values()) for (const relay of own) relay.close();
    await this.cluster[Symbol.asyncDispose]();
    for (const server of this.servers) await server.stop("immediate");
  }

  #set(name: string, mode: TcpRelay["mode"]): void {
    for (const relay of this.relays.get(name) ?? []) relay.mode = mode;
  }
}
