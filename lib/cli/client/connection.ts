// The shell around the engine: passes it the time and the datagrams, and turns its outcomes into promises. Owns the
// engine's only timer; never opens a socket.

import type { CallResult, Carrier } from "../../client/channel.ts";
import type { Client } from "../../client/client.ts";
import type { MessageTimes } from "../../client/message-times.ts";
import type { Outcome } from "../../client/outcome.ts";
import type { EncodedRequest } from "../../client/outstanding.ts";
import { ClosedPort } from "./closed-port.ts";
import { usageError } from "../../config/values.ts";
import { OperatingError } from "../../operating-error.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import type { Address } from "../../protocol/messages.ts";

/** The clock and timers that the shell needs. */
export type Clock = {
  /** Monotonic time in ms. */
  now(): number;
  /** Runs a function once, after `ms`. @returns a function that cancels it */
  after(ms: number, run: () => void): () => void;
  /** Runs a function after the datagrams that are waiting in the socket have been read. */
  soon(run: () => void): void;
};

/** Something with timers: the requests, the carrier, the heartbeats, the agent. */
export type Timed = { readonly wakeAt: number | null; tick(now: number): void };

/** Implementation constants: received datagrams that may wait for their turn, and the longest sleep of the timer. */
const arrivalsMax = 4_096;
const sleepMsMax = 60_000;

/** A client with its carrier, its clock and its timer. */
export class Connection {
  /** Number of datagrams dropped because too many were waiting. */
  shed = 0;
  #timed: Timed[];
  #arrivals: { readonly bytes: Uint8Array; readonly from: Address }[] = [];
  #cancelTimer: () => void = () => {};
  #closed = false;
  #port = new ClosedPort();

  /** Called with an error that ends the command, such as a state file that cannot be written. */
  onFailure: (error: OperatingError) => void = () => {};
  /** Called when nobody listens at the server; returns whether the client goes to another one. */
  onClosed: () => boolean = () => false;
  /** Called when a request made with `request` or `requestAll` got no answer. */
  onSilence: () => void = () => {};

  /**
   * @param carrier takes the received datagrams
   * @param server the default destination of requests
   * @param port the local port of this client's socket
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

  /** Queues a received datagram and returns at once, so that a flood cannot starve timers and keyboard input. */
  deliver(bytes: Uint8Array, from: Address): void {
    this.#port.heard();
    if (this.#arrivals.length >= arrivalsMax) {
      this.shed++;
      return;
    }
    if (this.#arrivals.push({ bytes, from }) === 1) this.clock.soon(() => this.#receiveAll());
  }

  /** The system refused a datagram: if it has done so at every try for 2 s, the outstanding request ends or goes elsewhere. */
  refused(): void {
    if (!this.#port.refused(this.clock.now())) return;
    if (this.onClosed()) this.#port = new ClosedPort();
    else this.act((now) => this.client.requests.refuse(now));
  }

  /**
   * Sends a request and waits for its outcome.
   * @param to the destination; by default the server
   * @param timeoutMs gives the request up after this time; Infinity for the whole retry schedule
   * @throws OperatingError `usage` if the message is too long for the carrier
   */
  request(
    message: EncodedRequest["message"],
    { to = this.server, timeoutMs = Infinity }: { to?: Address; timeoutMs?: number } = {},
  ): Promise<Outcome> {
    const { requests } = this.client;
    return new Promise((resolve) => {
      const request = requests.prepare(message, to);
      assertFits(request.text, this.carrier.textBytesMax);
      const onOutcome = (outcome: Outcome) => {
        if (isUnheard(outcome)) this.onSilence();
        resolve(outcome);
      };
      this.act((now) => requests.submit(request, now, onOutcome, timeoutMs));
    });
  }

  /**
   * Sends as many messages to the server as one packet carries, from the first on, and waits until all of them have ended.
   * @param messages at least one
   * @param timeoutMs as for `request`
   * @returns the outcomes in order, one for each message that was sent
   * @throws OperatingError `usage` if the first message is too long for the carrier
   */
  requestAll(
    messages: readonly EncodedRequest["message"][],
    timeoutMs: number,
  ): Promise<readonly Outcome[]> {
    const { requests } = this.client;
    return new Promise((resolve) => {
      const packet = this.#packetOf(messages);
      const onOutcomes = (outcomes: readonly Outcome[]) => {
        if (outcomes.some(isUnheard)) this.onSilence();
        resolve(outcomes);
      };
      this.act((now) => requests.submitAll(packet, now, onOutcomes, timeoutMs));
    });
  }

  #packetOf(messages: readonly EncodedRequest["message"][]): EncodedRequest[] {
    const { requests } = this.client;
    const packet: EncodedRequest[] = [];
    for (const message of messages) {
      const request = requests.prepare(message, this.server);
      if (packet.length === 0) assertFits(request.text, this.carrier.textBytesMax);
      const texts = [...packet, request].map(({ text }) => text);
      if (packet.length > 0 && this.carrier.countInPacket(texts) < texts.length) break;
      packet.push(request);
    }
    return packet;
  }

  /** Makes a sealed link to another device whose address the server has just told; null if this client speaks text. */
  get caller(): ((target: string, at: Address) => Promise<CallResult>) | null {
    const { carrier } = this;
    if (carrier.call === null) return null;
    return (target, at) =>
      new Promise((resolve) => this.act(() => carrier.call?.(target, at, resolve)));
  }

  /** Adds an object whose `tick` is called when its `wakeAt` is due. */
  add(timed: Timed): void {
    this.#timed.push(timed);
    this.reschedule();
  }

  /** Calls the engine, which may send; an OperatingError goes to `onFailure`. Then sets the timer again. */
  act(run: (now: number) => void): void {
    this.#guarded(() => run(this.clock.now()));
    this.reschedule();
  }

  /** Sets the timer to the earliest `wakeAt`. Call it after every call to the engine that does not go through `act`. */
  reschedule(): void {
    this.#cancelTimer();
    if (this.#closed) return;
    const times = this.#timed.map(({ wakeAt }) => wakeAt).filter((at) => at !== null);
    if (times.length === 0) return;
    const ms = Math.min(sleepMsMax, Math.max(0, Math.min(...times) - this.clock.now()));
    this.#cancelTimer = this.clock.after(Math.ceil(ms), () => this.#tick());
  }

  /** Stops the timer, cancels all requests without an outcome and closes the carrier; nothing is sent afterwards. */
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

  /** Passes an OperatingError to `onFailure`: no caller could catch one that a timer or a datagram causes. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.onFailure(error);
    }
  }
}

function isUnheard(outcome: Outcome): boolean {
  return outcome.kind === "silent" && outcome.closed !== true;
}

function assertFits(text: string, bytesMax: number): void {
  const bytes = utf8Bytes(text);
  if (bytes <= bytesMax) return;
  throw usageError(
    `The message is too long: with its fields it takes ${bytes} bytes, of which ${bytesMax} fit.`,
    "Shorten it.",
  );
}
