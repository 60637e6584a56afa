// A person's client that registers, logs in, logs off and deregisters again and again, each at a server that it picks at
// random: also where its session is not. A copy of a request that waited for a server may undo what came later, so a refusal
// begins a new cycle.

import type { Carrier } from "../../../lib/client/channel.ts";
import { type Outcome, verdictOf } from "../../../lib/client/outcome.ts";
import type { EncodedRequest } from "../../../lib/client/outstanding.ts";
import { Requests } from "../../../lib/client/requests.ts";
import { decode } from "../../../lib/protocol/decode.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import type { Stream } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import type { Transport } from "../transport.ts";

const cycle = ["REGISTER", "LOGIN", "LOGOFF", "LOGIN", "DEREGISTER"] as const;
export type Step = (typeof cycle)[number];

export const wandererId = "wanderer";
export const wanderer = {
  id: wandererId,
  password: "wandering",
  ip: "192.0.2.99",
  port: 1994,
} as const;
const mac = "ww:ww:ww:ww:ww:ww";

/** The pause between two steps, ms. */
const restMs = 4_000;

type WandererParts = {
  readonly timeline: Timeline;
  readonly random: Stream;
  readonly transport: Transport;
  readonly servers: readonly Address[];
  readonly send: (bytes: Uint8Array, to: Address) => void;
};

export class Wanderer {
  readonly counts = { done: 0, refused: 0 };
  /** Called when a step was answered with success. */
  onDone: (step: Step) => void = () => {};
  readonly #requests: Requests;
  readonly #carrier: Carrier;
  readonly #address: Address;
  #server: Address;
  #step = 0;
  #wakeAt = 0;
  #isStopped = false;

  constructor(private readonly parts: WandererParts) {
    const { timeline, random, transport, servers, send } = parts;
    this.#server = servers[0] as Address;
    const current = () => this.#server;
    this.#address = {
      get ip() {
        return current().ip;
      },
      get port() {
        return current().port;
      },
    };
    this.#carrier = transport.connect({
      id: wandererId,
      server: this.#address,
      send,
      now: () => timeline.now,
      random: random.next,
      deliver: (delivery) => {
        const decoded = decode(delivery.bytes);
        if (!decoded.ok || decoded.message.type !== "ACK") return;
        this.#requests.receiveAck(decoded.message, delivery, timeline.now);
        this.#arm();
      },
      resent: (msgids) => this.#requests.resent(msgids, timeline.now),
      confirm: (receipt) => this.#requests.receiveReceipt(receipt, timeline.now),
    });
    this.#requests = new Requests(this.#carrier, random.next);
  }

  start(): void {
    this.#next();
  }

  /** Begins no further step. */
  stop(): void {
    this.#isStopped = true;
  }

  readonly receive = (bytes: Uint8Array, from: Address): void => {
    this.#carrier.receive(bytes, from);
    this.#arm();
  };

  #next(): void {
    if (this.#isStopped) return;
    this.#roam();
    this.#submit(this.#prepare(cycle[this.#step % cycle.length] as Step));
  }

  /** Goes to any server. */
  #roam(): void {
    const { servers, random } = this.parts;
    const before = this.#server;
    this.#server = random.pick(servers);
    if (this.#server !== before) this.#carrier.moved();
  }

  #submit(request: EncodedRequest): void {
    const type = request.message.type as Step;
    this.#requests.submit(request, this.parts.timeline.now, (outcome) =>
      this.#end(type, request, outcome),
    );
    this.#arm();
  }

  #end(type: Step, request: EncodedRequest, outcome: Outcome): void {
    const { timeline } = this.parts;
    const verdict = verdictOf(type, outcome);
    if (verdict === "silent" || verdict === "later") {
      return timeline.after(verdict === "later" ? restMs : 0, () => {
        this.#roam();
        this.#submit(request);
      });
    }
    if (verdict === "done") {
      this.counts.done++;
      this.#step++;
      this.onDone(type);
    } else {
      this.counts.refused++;
      this.#step = 0;
    }
    timeline.after(restMs, () => this.#next());
  }

  #prepare(step: Step): EncodedRequest {
    const messages = {
      REGISTER: { type: "REGISTER", ...wanderer, mac },
      DEREGISTER: { type: "DEREGISTER", ...wanderer, mac },
      LOGIN: { type: "LOGIN", ...wanderer },
      LOGOFF: { type: "LOGOFF", id: wandererId },
    } as const;
    return this.#requests.prepare(messages[step], this.#address);
  }

  /** Schedules the next wake-up that the engines ask for. */
  #arm(): void {
    const { timeline } = this.parts;
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
