// Compiled servers on one PostgreSQL, with one key and one admin token, and the API of each. Knows nothing of messages.

import { postgresServer, superuser } from "../postgres-server.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** A running node, and its API. */
export class NodeProcess implements AsyncDisposable {
  constructor(
    readonly name: string,
    readonly server: ServerProcess,
    private readonly token: string,
  ) {}

  get origin(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  /** Requests a path below /api/v1; a body makes it a POST. */
  async ask(path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${this.origin}/api/v1${path}`, { headers, ...init });
    return { status: response.status, body: await response.json() };
  }

  /** The body of an answer. */
  async read<Body>(path: string): Promise<Body> {
    return (await this.ask(path)).body as Body;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

/** Starts nodes of these names, one after the other, on a new database. */
export async function startNodes(names: readonly string[], more: readonly string[] = []) {
  const folder = new TemporaryFolder();
  const postgres = await postgresServer();
  const database = await postgres.newDatabase();
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${database}`;
  const nodes: NodeProcess[] = [];
  for (const name of names) {
    const args = ["--store", url, "--node", name, "--log-dir", `log-${name}`, ...more];
    const server = await startServer({ folder: folder.path, args });
    nodes.push(new NodeProcess(name, server, folder.text("iot-server.token").trim()));
  }
  return {
    folder,
    url,
    nodes,
    get token() {
      return folder.text("iot-server.token").trim();
    },
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
