// The engine's shell: brings it time and datagrams, and makes promises of its outcomes. The only timers of the client
// are here; sockets are opened elsewhere.

import type { Delivery } from "../../client/channel.ts";
import type { Client } from "../../client/client.ts";
import type { MessageTimes } from "../../client/message-times.ts";
import type { Outcome } from "../../client/outcome.ts";
import type { Request } from "../../client/requests.ts";
import type { Address } from "../../protocol/messages.ts";

/** Time as the shell needs it. */
export type Clock = {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Runs something once, later. @returns what cancels it */
  after(ms: number, run: () => void): () => void;
  /** Runs something when the datagrams at hand have been taken. */
  soon(run: () => void): void;
};

/** Something that wants to be called at times: the requests, the heartbeats, the agent. */
export type Timed = { readonly wakeAt: number | null; tick(now: number): void };

/** Implementation constants: datagrams waiting to be looked at, and the longest sleep of a timer. */
const deliveriesMax = 4_096;
const sleepMsMax = 60_000;

/** A client at work. */
export class Connection {
  /** Datagrams dropped because too many came at once. */
  shed = 0;
  #timed: Timed[];
  #deliveries: Delivery[] = [];
  #cancelTimer: () => void = () => {};
  #closed = false;

  /**
   * @param server where requests go unless told otherwise
   * @param port the port of this client's own socket
   */
  constructor(
    readonly client: Client,
    readonly server: Address,
    readonly port: number,
    readonly times: MessageTimes,
    readonly clock: Clock,
  ) {
    this.#timed = [client.requests];
  }

  /** Takes a datagram. Only keeps it: under a flood, timers and people still have their turn. */
  deliver(delivery: Delivery): void {
    if (this.#deliveries.length >= deliveriesMax) {
      this.shed++;
      return;
    }
    if (this.#deliveries.push(delivery) === 1) this.clock.soon(() => this.#receiveAll());
  }

  /**
   * Asks, and waits for how it ends.
   * @param to the server unless given
   * @param timeoutMs Infinity for the whole retry schedule
   */
  request(
    message: Request["message"],
    { to = this.server, timeoutMs = Infinity }: { to?: Address; timeoutMs?: number } = {},
  ): Promise<Outcome> {
    const { requests } = this.client;
    return new Promise((resolve) => {
      requests.submit(requests.prepare(message, to), this.clock.now(), resolve, timeoutMs);
      this.reschedule();
    });
  }

  /** Has something called when it wants to be. */
  add(timed: Timed): void {
    this.#timed.push(timed);
    this.reschedule();
  }

  /** Looks again at when to wake up; after every call to the engine that is not made here. */
  reschedule(): void {
    this.#cancelTimer();
    if (this.#closed) return;
    const times = this.#timed.map(({ wakeAt }) => wakeAt).filter((at) => at !== null);
    if (times.length === 0) return;
    const ms = Math.min(sleepMsMax, Math.max(0, Math.min(...times) - this.clock.now()));
    this.#cancelTimer = this.clock.after(Math.ceil(ms), () => this.#tick());
  }

  /** Stops all timers; nothing is sent any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.client.requests.cancelAll();
  }

  #tick(): void {
    for (const timed of this.#timed) timed.tick(this.clock.now());
    this.reschedule();
  }

  #receiveAll(): void {
    const deliveries = this.#deliveries;
    this.#deliveries = [];
    if (this.#closed) return;
    for (const delivery of deliveries) this.client.receive(delivery, this.clock.now());
    this.reschedule();
  }
}
