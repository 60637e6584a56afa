// The port of the web side: listens, and takes no new connections while too many are open, so that idle ones never use up
// the files of the process that serves the devices. Knows no request.

/** Connections that may be open at once; a system lets a process have 1,024 files at least. */
export const connectionsMax = 512;
/** New ones are taken again when so many are left: idle ones last ten seconds. */
const connectionsAgain = 256;
const checkEveryMs = 250;

export type ListenerOptions = {
  /** Listens on a port; 0 lets the system choose. */
  readonly serve: (port: number) => Bun.Server<undefined>;
  readonly port: number;
  /** Files that the process has open, connections included; null where the system does not tell. */
  readonly openFiles: () => number | null;
  /** Told when new connections are no longer taken. */
  readonly onFull: () => void;
};

export class Listener {
  readonly port: number;
  readonly #options: ListenerOptions;
  /** null while no new connections are taken. */
  #server: Bun.Server<undefined> | null;
  /** They listen no more, and finish what they began. */
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

  /** Requests under way. */
  get pendingRequests(): number {
    let sum = this.#server?.pendingRequests ?? 0;
    for (const server of this.#finishing) sum += server.pendingRequests;
    return sum;
  }

  /** Stops to listen, or begins again; called four times a second. */
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
        // Somebody took the port meanwhile: it is tried again.
      }
    }
  }

  /** Cuts every connection and stops. */
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
