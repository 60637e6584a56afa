// The engine's shell: brings it time and datagrams, and makes promises of its outcomes. The only timers of the client
// are here; sockets are opened elsewhere.

import type { CallResult, Carrier } from "../../client/channel.ts";
import type { Client } from "../../client/client.ts";
import type { MessageTimes } from "../../client/message-times.ts";
import type { Outcome } from "../../client/outcome.ts";
import type { Request } from "../../client/requests.ts";
import { usageError } from "../../config/values.ts";
import { OperatingError } from "../../operating-error.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
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
const arrivalsMax = 4_096;
const sleepMsMax = 60_000;

/** A client at work. */
export class Connection {
  /** Datagrams dropped because too many came at once. */
  shed = 0;
  #timed: Timed[];
  #arrivals: { readonly bytes: Uint8Array; readonly from: Address }[] = [];
  #cancelTimer: () => void = () => {};
  #closed = false;

  /** Called with what ends the command: a state that cannot be written, a key that has changed. */
  onFailure: (error: OperatingError) => void = () => {};
  /** Called when a request of `request` got no answer. */
  onSilence: () => void = () => {};

  /**
   * @param carrier what the datagrams are brought to
   * @param server where requests go unless told otherwise
   * @param port the port of this client's own socket
   */
  constructor(
    readonly client: Client,
    readonly carrier: Carrier,
    readonly server: Address,
    readonly port: number,
    readonly times: MessageTimes,
    readonly clock: Clock,
  ) {
    this.#timed = [client.requests, carrier];
  }

  /** Takes a datagram. Only keeps it: under a flood, timers and people still have their turn. */
  deliver(bytes: Uint8Array, from: Address): void {
    if (this.#arrivals.length >= arrivalsMax) {
      this.shed++;
      return;
    }
    if (this.#arrivals.push({ bytes, from }) === 1) this.clock.soon(() => this.#receiveAll());
  }

  /**
   * Asks, and waits for how it ends.
   * @param to the server unless given
   * @param timeoutMs Infinity for the whole retry schedule
   * @throws OperatingError `usage` where the message is too long
   */
  request(
    message: Request["message"],
    { to = this.server, timeoutMs = Infinity }: { to?: Address; timeoutMs?: number } = {},
  ): Promise<Outcome> {
    const { requests } = this.client;
    return new Promise((resolve) => {
      const request = requests.prepare(message, to);
      assertFits(request.text, this.carrier.textBytesMax);
      const onOutcome = (outcome: Outcome) => {
        if (outcome.kind === "silent") this.onSilence();
        resolve(outcome);
      };
      this.act((now) => requests.submit(request, now, onOutcome, timeoutMs));
    });
  }

  /** Makes a sealed link to another device whose address the server just told; null where this client speaks text. */
  get caller(): ((target: string, at: Address) => Promise<CallResult>) | null {
    const { carrier } = this;
    if (carrier.call === null) return null;
    return (target, at) =>
      new Promise((resolve) => this.act(() => carrier.call?.(target, at, resolve)));
  }

  /** Has something called when it wants to be. */
  add(timed: Timed): void {
    this.#timed.push(timed);
    this.reschedule();
  }

  /** Does something to the engine that may send; what goes wrong ends the command by way of `onFailure`. */
  act(run: (now: number) => void): void {
    this.#guarded(() => run(this.clock.now()));
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
    this.carrier.close();
  }

  #tick(): void {
    this.#guarded(() => {
      for (const timed of this.#timed) timed.tick(this.clock.now());
    });
    this.reschedule();
  }

  #receiveAll(): void {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    if (this.#closed) return;
    this.#guarded(() => {
      for (const { bytes, from } of arrivals) this.carrier.receive(bytes, from);
    });
    this.reschedule();
  }

  /** Nobody waits for a timer or a datagram: what goes wrong there ends the command by way of `onFailure`. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.onFailure(error);
    }
  }
}

function assertFits(text: string, bytesMax: number): void {
  const bytes = utf8Bytes(text);
  if (bytes <= bytesMax) return;
  throw usageError(
    `The message is too long: with its fields it takes ${bytes} bytes, of which ${bytesMax} fit.`,
    "Shorten it.",
  );
}
