// A person's client that repeats the whole cycle: registers, logs in, logs off, deregisters, each after the answer to
// the one before. What was answered holds, whatever crashes.

import type { Carrier } from "../../lib/client/channel.ts";
import { type Outcome, verdictOf } from "../../lib/client/outcome.ts";
import type { EncodedRequest } from "../../lib/client/outstanding.ts";
import { Requests } from "../../lib/client/requests.ts";
import { ack } from "../../lib/protocol/codes.ts";
import { decode } from "../../lib/protocol/decode.ts";
import type { Address } from "../../lib/protocol/messages.ts";
import type { Stream } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import type { Transport } from "./transport.ts";
import { hold } from "./violation.ts";

const round = ["REGISTER", "LOGIN", "LOGOFF", "DEREGISTER"] as const;
export type Step = (typeof round)[number];
/** In every second cycle it deregisters without logging off. */
const steps: readonly Step[] = [...round, ...round.filter((step) => step !== "LOGOFF")];

/** Longer than any datagram is on its way, so that a late copy of one step cannot undo the next. */
const restMs = 10_000;

export const walkerId = "walker";
const facts = { id: walkerId, password: "walking", ip: "192.0.2.99", port: 1994 } as const;
export const walkerPassword = facts.password;
export const walkerIp = facts.ip;

export class Walker {
  /** The number of completed steps. */
  done = 0;
  readonly #requests: Requests;
  readonly #carrier: Carrier;
  #stopped = false;
  /** When the engines are called next. */
  #wakeAt = 0;

  constructor(
    private readonly timeline: Timeline,
    random: Stream,
    transport: Transport,
    private readonly server: Address,
    send: (bytes: Uint8Array, to: Address) => void,
    private readonly onDone: (step: Step) => void,
  ) {
    this.#carrier = transport.connect({
      id: walkerId,
      server,
      send,
      now: () => timeline.now,
      random: random.next,
      deliver: (delivery) => {
        const decoded = decode(delivery.bytes);
        if (!decoded.ok || decoded.message.type !== "ACK") return;
        this.#requests.receiveAck(decoded.message, delivery, timeline.now);
        this.#arm();
      },
      resent: (msgids) => {
        this.#requests.resent(msgids, timeline.now);
        this.#arm();
      },
      confirm: (receipt) => {
        this.#requests.receiveReceipt(receipt, timeline.now);
        this.#arm();
      },
    });
    this.#requests = new Requests(this.#carrier, random.next);
  }

  start(): void {
    this.#stopped = false;
    this.#next();
  }

  /** Starts no further step after the current one. */
  stop(): void {
    this.#stopped = true;
  }

  /** The last completed step, or null before the first. */
  get last(): Step | null {
    return this.done === 0 ? null : (steps[(this.done - 1) % steps.length] as Step);
  }

  readonly receive = (bytes: Uint8Array, from: Address): void => {
    this.#carrier.receive(bytes, from);
    this.#arm();
  };

  #next(): void {
    if (this.#stopped) return;
    this.#submit(this.#prepare(steps[this.done % steps.length] as Step));
  }

  #submit(request: EncodedRequest): void {
    const { type } = request.message;
    this.#requests.submit(request, this.timeline.now, (outcome) => {
      const verdict = verdictOf(type, outcome);
      if (verdict === "done") return this.#rest(type as Step);
      if (isDoneBefore(type, outcome)) return this.#rest(type as Step);
      const again = verdict === "silent" || verdict === "later";
      hold(again, () => `${type} of ${walkerId} was refused: ${JSON.stringify(outcome)}`);
      this.timeline.after(verdict === "later" ? restMs : 0, () => this.#submit(request));
    });
    this.#arm();
  }

  #rest(step: Step): void {
    this.done++;
    this.onDone(step);
    this.timeline.after(restMs, () => this.#next());
  }

  #prepare(step: Step): EncodedRequest {
    const { id, password, ip, port } = facts;
    const mac = "ww:ww:ww:ww:ww:ww";
    const messages = {
      REGISTER: { type: "REGISTER", id, password, mac, ip, port },
      DEREGISTER: { type: "DEREGISTER", id, password, mac, ip, port },
      LOGIN: { type: "LOGIN", id, password, ip, port },
      LOGOFF: { type: "LOGOFF", id },
    } as const;
    return this.#requests.prepare(messages[step], this.server);
  }

  /** Schedules the next wake-up that the engines ask for. */
  #arm(): void {
    const { timeline } = this;
    const at = Math.min(this.#requests.wakeAt ?? Infinity, this.#carrier.wakeAt ?? Infinity);
    if (at === Infinity || (at >= this.#wakeAt && this.#wakeAt > timeline.now)) return;
    this.#wakeAt = at;
    timeline.at(at, () => {
      this.#carrier.tick(timeline.now);
      if (timeline.now >= (this.#requests.wakeAt ?? Infinity)) this.#requests.tick(timeline.now);
      this.#arm();
    });
  }
}

/** Whether the refusal answers a repeated copy, while the answer to the first copy, which was carried out, got lost. */
function isDoneBefore(type: string, outcome: Outcome): boolean {
  if (outcome.kind !== "ack") return false;
  const codes = { LOGOFF: ack.credentialsRefused, DEREGISTER: ack.noSuchDevice };
  return codes[type as keyof typeof codes] === outcome.code;
}
