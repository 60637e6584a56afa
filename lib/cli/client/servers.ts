// The servers that a client may use, and the current one: the first, until it is silent, then the next, round and round.
// Looks a name up when it is that server's turn. Never sends: the engine has one address, which is always the current one.

import { type ServerName, serverName } from "../../config/server-name.ts";
import { OperatingError } from "../../operating-error.ts";
import type { Address } from "../../protocol/messages.ts";
import { Causes, leftOutWords } from "./causes.ts";
import type { Connection, Timed } from "./connection.ts";
import type { Machine } from "./machine.ts";

/** Implementation constant: the least pause after a name that was not found, ms. */
const pauseMs = 2_000;

export class Servers implements Timed {
  /** The address of the current server. It changes with the server, for all who hold it. */
  readonly address: Address;
  #current = 0;
  /** Whose turn is next. */
  #next = 1;
  #ip = "";
  #connection: Connection | null = null;
  #isMoving = false;
  #pauseUntil = -Infinity;
  /** How many servers in a row had nobody listening. */
  #closed = 0;
  readonly #causes: Causes;

  /** Called before the current server is left. */
  onLeave: () => void = () => {};

  /**
   * @param all at least one
   * @param notice shows a person to whom the client goes
   */
  constructor(
    readonly all: readonly ServerName[],
    private readonly machine: Pick<Machine, "addressOf" | "ownIpTowards" | "clock">,
    private readonly notice: (line: string) => void,
  ) {
    this.#causes = new Causes(machine.clock.now);
    const ip = () => this.#ip;
    const port = () => this.#server.port;
    this.address = {
      get ip() {
        return ip();
      },
      get port() {
        return port();
      },
    };
  }

  /** The name of the current server, `host:port`. */
  get name(): string {
    return serverName(this.#server);
  }

  /**
   * Looks up the first server, or the next one that is known and has a route.
   * @param stated the IP that this device states, or null
   * @returns that IP, or the local address of the route to the server
   * @throws OperatingError `unknown-host`, `no-route` if this is so for all
   */
  async begin(stated: string | null): Promise<string> {
    for (;;) {
      try {
        this.#ip = await this.machine.addressOf(this.#server.host);
        return stated ?? (await this.machine.ownIpTowards(this.#ip));
      } catch (error) {
        const isLast = this.#current === this.all.length - 1;
        if (isLast || !(error instanceof OperatingError)) throw error;
        this.#current++;
        this.#next = (this.#current + 1) % this.all.length;
        this.#tell(`${error.message} Trying ${this.name}.`);
      }
    }
  }

  /** Watches over a connection to `address`: moves it on when the current server is silent. A lone server is never left. */
  watch(connection: Connection): void {
    if (this.all.length === 1) return;
    this.#connection = connection;
    connection.onClosed = () => this.#leaveClosed();
    connection.add(this);
  }

  /** Moves no more. */
  end(): void {
    this.#connection = null;
  }

  /** A handshake was given up. */
  giveUp(): void {
    void this.#moveOn(({ carrier }) => carrier.trouble !== null);
  }

  /** When the current server will have been silent for too long, in ms; null for never. */
  get wakeAt(): number | null {
    if (this.#connection === null || this.#isMoving) return null;
    const at = this.#connection.client.requests.silentAt(this.address);
    return at === null ? null : Math.max(at, this.#pauseUntil);
  }

  tick(now: number): void {
    if (now < (this.wakeAt ?? Infinity)) return;
    void this.#moveOn(({ client: { requests } }) => {
      const at = requests.silentAt(this.address);
      return at !== null && at <= this.machine.clock.now();
    });
  }

  /** @returns false if nobody listens at any of the servers */
  #leaveClosed(): boolean {
    if (++this.#closed >= this.all.length) return false;
    void this.#moveOn(() => true);
    return true;
  }

  /** @param isLeft whether the current server is still to be left, asked after the look-up */
  async #moveOn(isLeft: (connection: Connection) => boolean): Promise<void> {
    if (this.#connection === null || this.#isMoving) return;
    this.#isMoving = true;
    const next = await this.#found();
    this.#isMoving = false;
    const connection = this.#connection;
    if (connection === null) return;
    // It may have answered meanwhile.
    if (next !== null && !isLeft(connection)) this.#next = next.index;
    else if (next !== null) {
      this.onLeave();
      const { isServerBusy } = connection.client.requests;
      const why = isServerBusy ? `${this.name} is busy` : `no answer from ${this.name}`;
      const isOther = next.index !== this.#current;
      [this.#current, this.#ip] = [next.index, next.ip];
      // The others' names were not found: this one is looked up again, and asked again.
      if (isOther) this.#tell(`${why}; trying ${this.name}`);
      connection.act((now) => {
        connection.carrier.moved();
        connection.client.requests.moved(this.address, now);
      });
    }
    connection.reschedule();
  }

  /** Looks up the server whose turn is next; null if that fails, and the one after it is next. */
  async #found(): Promise<{ index: number; ip: string } | null> {
    const index = this.#next;
    this.#next = (index + 1) % this.all.length;
    try {
      return { index, ip: await this.machine.addressOf((this.all[index] as ServerName).host) };
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.#pauseUntil = this.machine.clock.now() + pauseMs;
      this.#tell(error.message);
      return null;
    }
  }

  get #server(): ServerName {
    return this.all[this.#current] as ServerName;
  }

  #tell(line: string): void {
    const leftOut = this.#causes.pass(line);
    if (leftOut !== null) this.notice(line + leftOutWords(leftOut));
  }
}
