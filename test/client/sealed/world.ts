// A server, clients and the network between them in virtual time. The network loses, repeats, delays and corrupts
// datagrams by a seed, and keeps every datagram that was ever sent.

import type { Moment } from "../../../lib/server/moment.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import { seededRandom } from "../fakes.ts";
import { ClientNode, type ClientOptions } from "./client-node.ts";
import { type ServerOptions, ServerNode } from "./server-node.ts";

export type Weather = {
  /** Shares of all datagrams, 0 to 1. */
  readonly lost?: number;
  readonly repeated?: number;
  readonly corrupted?: number;
  /** Longest delay, ms; the shortest is 1 ms. */
  readonly delayMs?: number;
};

export type Datagram = { readonly bytes: Uint8Array; readonly from: Address; readonly to: Address };

type Flight = Datagram & { readonly at: number };

const tickMs = 250;
/** Longer than any request takes. */
const patienceMs = 600_000;

export class World {
  now = 0;
  readonly serverAddress: Address;
  /** Where the server listens; what is sent elsewhere meets nobody. */
  serverAt: Address = { ip: "192.0.2.1", port: 9000 };
  readonly random: () => number;
  readonly server: ServerNode;
  readonly clients: ClientNode[] = [];
  /** Everything that was sent, in order. */
  readonly wire: Datagram[] = [];
  weather: Weather = {};
  /** Replaces a datagram on its way by any number of datagrams; an empty list drops it. */
  onTheWay: (datagram: Datagram) => readonly Datagram[] = (datagram) => [datagram];
  /** How far the clock of this machine was set forward, ms; negative for back. */
  clockSetMs = 0;
  #flights: Flight[] = [];
  #tickAt = 0;

  /** @param serverAddress where the clients look for the server; left out, where it begins to listen */
  constructor(
    seed = 1,
    options: Omit<ServerOptions, "random"> = {},
    serverAddress: Address | null = null,
  ) {
    this.serverAddress = serverAddress ?? this.serverAt;
    this.random = seededRandom(seed);
    this.server = new ServerNode({ ...options, random: this.randomBytes }, this.moment);
  }

  /** The time of day, ms since 1970. */
  get time(): number {
    return Date.UTC(2026, 10, 22) + Math.floor(this.now) + this.clockSetMs;
  }

  /** Both clocks of the server: setting the clock moves the wall clock only. */
  get moment(): Moment {
    return { wall: this.time, monotonic: this.now };
  }

  readonly randomBytes = (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256));

  /** Adds a client. */
  add(options: ClientOptions): ClientNode {
    const client = new ClientNode(this, options);
    this.clients.push(client);
    return client;
  }

  /** Sends a datagram. */
  send(bytes: Uint8Array, from: Address, to: Address): void {
    for (const datagram of this.onTheWay({ bytes: Uint8Array.from(bytes), from, to })) {
      this.wire.push(datagram);
      this.deliver(datagram);
    }
  }

  /** Delivers a datagram, subject to the current faults. */
  deliver(datagram: Datagram): void {
    const { lost = 0, repeated = 0, corrupted = 0, delayMs = 1 } = this.weather;
    const copies = this.random() < repeated ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.random() < lost) continue;
      const bytes = this.random() < corrupted ? this.#bend(datagram.bytes) : datagram.bytes;
      this.#flights.push({ ...datagram, bytes, at: this.now + 1 + this.random() * delayMs });
    }
  }

  /** Ends the server and starts it again; datagrams on their way to it are lost. */
  restartServer(): void {
    this.#flights = this.#flights.filter(({ to }) => !isSame(to, this.serverAt));
    this.server.restart(this.moment);
  }

  /** Runs until a condition holds. @param withinMs throws after so long, in virtual ms */
  async run(isDone: () => boolean, withinMs = patienceMs): Promise<void> {
    const end = this.now + withinMs;
    while (!isDone()) {
      if (this.now > end) throw new Error(`nothing came of it in ${withinMs} ms`);
      await this.#step();
    }
  }

  /** Runs for a time, ms. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await this.run(() => this.now >= end, ms + patienceMs);
  }

  async #step(): Promise<void> {
    const times = [this.#tickAt, ...this.#flights.map(({ at }) => at)];
    for (const client of this.clients) times.push(client.wakeAt);
    this.now = Math.max(this.now, Math.min(...times));
    const due = this.#flights.filter(({ at }) => at <= this.now);
    this.#flights = this.#flights.filter(({ at }) => at > this.now);
    due.sort((a, b) => a.at - b.at);
    for (const client of this.clients) if (client.wakeAt <= this.now) client.tick(this.now);
    for (const { bytes, from, to } of due) {
      const client = this.clients.find((one) => !one.closed && isSame(one.address, to));
      client?.carrier.receive(bytes, from);
    }
    const arrivals = due.filter(({ to }) => isSame(to, this.serverAt));
    if (arrivals.length > 0 || this.now >= this.#tickAt) await this.#turn(arrivals);
  }

  async #turn(arrivals: readonly Flight[]): Promise<void> {
    this.#tickAt = this.now + tickMs;
    const replies = this.server.turn(arrivals, this.moment);
    for (const { payload, to } of replies) {
      const { ip, port } = to;
      const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
      this.send(bytes, this.serverAt, { ip, port });
    }
  }

  #bend(bytes: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(bytes);
    // A changed first byte would make it a text message, which the server answers in text.
    const at = 1 + Math.floor(this.random() * (copy.length - 1));
    copy[at] = (copy[at] as number) ^ (1 << Math.floor(this.random() * 8));
    return copy;
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.ip === b.ip && a.port === b.port;
}

/** The kind of a datagram by its first byte. */
export function packetKind({ bytes }: Datagram): string {
  const kinds = ["", "hello", "key", "init", "resp", "cookie", "data", "reset"];
  return kinds[bytes[0] ?? 0] || "text";
}
