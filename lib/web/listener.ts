// Owns the TCP port of the web side. Stops accepting connections while too many are open, so that idle ones never use
// up the file descriptors of the process that serves the devices. Never reads a request.

/** How many connections may be open at once; a process can usually have at least 1,024 open files. */
export const connectionsMax = 512;
/** New connections are accepted again when only this many are open; an idle connection lasts ten seconds. */
const connectionsAgain = 256;
const checkEveryMs = 250;

export type ListenerOptions = {
  /** Starts a server on a port; 0 lets the system choose. */
  readonly serve: (port: number) => Bun.Server<undefined>;
  readonly port: number;
  /** How many files the process has open, connections included; null if the system does not tell. */
  readonly openFiles: () => number | null;
  /** Called when new connections are no longer accepted. */
  readonly onFull: () => void;
};

export class Listener {
  readonly port: number;
  readonly #options: ListenerOptions;
  /** null while no new connections are accepted. */
  #server: Bun.Server<undefined> | null;
  /** Servers that no longer listen but still finish their open requests. */
  readonly #finishing = new Set<Bun.Server<undefined>>();
  readonly #filesBefore: number;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#filesBefore = options.openFiles() ?? 0;
    this.#server = options.serve(options.port);
    this.port = this.#server.port as number;
    this.#timer = setInterval(() => this.check(), checkEveryMs);
  }

  /** How many requests are in progress. */
  get pendingRequests(): number {
    let sum = this.#server?.pendingRequests ?? 0;
    for (const server of this.#finishing) sum += server.pendingRequests;
    return sum;
  }

  /** Stops listening if too many connections are open, or starts again; called four times a second. */
  check(): void {
    const files = this.#options.openFiles();
    if (files === null) return;
    const connections = files - this.#filesBefore;
    if (this.#server !== null && connections > connectionsMax) {
      this.#finish(this.#server);
      this.#options.onFull();
    } else if (this.#server === null && connections <= connectionsAgain) {
      try {
        this.#server = this.#options.serve(this.port);
      } catch {
        // Another program has taken the port meanwhile: the next check tries again.
      }
    }
  }

  /** Stops and closes every connection. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const servers = [...this.#finishing];
    if (this.#server !== null) servers.push(this.#server);
    await Promise.all(servers.map((server) => server.stop(true)));
  }

  #finish(server: Bun.Server<undefined>): void {
    this.#server = null;
    this.#finishing.add(server);
    void server.stop().finally(() => this.#finishing.delete(server));
  }
}
