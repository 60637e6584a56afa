// The sealed channel: carries the engine's text messages as frames of the link to the server, and passes answers back
// as deliveries. A request keeps its msgid over retries and handshakes, and waits here while there is no link. Never
// falls back to plain text towards the server.

import { ack } from "../../protocol/codes.ts";
import type { Address } from "../../protocol/messages.ts";
import type { Frame } from "../../sealed/frames.ts";
import { frameBodyBytesMax } from "../../sealed/limits.ts";
import { packetFault, packetType, receiverOf } from "../../sealed/packet-form.ts";
import {
  type CallResult,
  type Carrier,
  type Delivery,
  type OutgoingText,
  sameAddress,
  type Trouble,
} from "../channel.ts";
import { firstOf, Msgids } from "../msgids.ts";
import type { RoundTrip } from "../round-trip.ts";
import { Comebacks } from "./comebacks.ts";
import { ForeignText } from "./foreign-text.ts";
import { SealedLogins } from "./logins.ts";
import { Peers } from "./peers.ts";
import type { ChannelSettings, SealedEvents, SealedPorts } from "./ports.ts";
import { ServerClock } from "./server-clock.ts";
import { ServerLink } from "./server-link.ts";
import { type AskedLogin, countInPacket, UnderWay } from "./under-way.ts";

/** Implementation constant: how long the ACK of a LOGIN is held back for its TICKET. */
const ticketWaitMs = 500;

export class SealedChannel implements Carrier {
  readonly textBytesMax = frameBodyBytesMax;
  readonly kind = "sealed";
  readonly #msgids: Msgids;
  #link: ServerLink;
  readonly #logins: SealedLogins;
  readonly #comebacks: Comebacks;
  readonly #peers: Peers;
  readonly #underWay: UnderWay;
  readonly #serverClock: ServerClock;
  readonly #foreign: ForeignText;
  /** The msgid of the latest LOGIN whose TICKET has arrived. */
  #ticketed: bigint | null = null;
  #held: { readonly delivery: Delivery; readonly id: string; readonly until: number } | null = null;

  constructor(
    private readonly ports: SealedPorts,
    private readonly settings: ChannelSettings,
    private readonly events: SealedEvents,
  ) {
    this.#foreign = new ForeignText(settings.answerText, events.onTextDropped);
    const boot = Buffer.from(ports.randomBytes(4)).readUInt32BE();
    this.#msgids = new Msgids(boot, firstOf.channel);
    this.#link = this.#newLink();
    this.#logins = new SealedLogins(ports, this.#msgids, () => this.#link.serverKey);
    this.#comebacks = new Comebacks(
      ports,
      this.#logins,
      this.#msgids,
      () => this.roundTrip.waitMs,
      (frame) => void this.#link.send(frame),
      () => this.#resend(),
    );
    this.#serverClock = new ServerClock(ports);
    this.#peers = new Peers(
      ports,
      this.#serverClock,
      this.#msgids,
      this.#logins,
      (frame) => void this.#link.send(frame),
      settings.server,
      events.onDelivery,
    );
    this.#underWay = new UnderWay(this.#logins, (bytes, msgid) => this.#peers.notice(bytes, msgid));
  }

  get roundTrip(): RoundTrip {
    return this.#link.roundTrip;
  }

  countInPacket(texts: readonly string[]): number {
    return countInPacket(texts);
  }

  send(messages: readonly OutgoingText[], to: Address): void {
    if (!sameAddress(to, this.settings.server)) {
      for (const message of messages) this.#sendTo(message, to);
      return;
    }
    // An answer to the server goes over its link, not here; what forged text makes this device say leaves its requests alone.
    const requests = messages.filter(({ msgid }) => msgid !== null);
    if (requests.length === 0) return;
    this.#underWay.replace(requests);
    this.#forward();
  }

  hurry(): void {
    this.#link.hurry();
    this.#comebacks.hurry();
  }

  receive(bytes: Uint8Array, from: Address): void {
    const first = bytes[0] ?? 0;
    if (first >= 1 && first <= 7) return this.#receivePacket(bytes, from);
    // Plain text from the server's address may be forged: the server's own messages are sealed.
    if (sameAddress(from, this.settings.server) || !this.#foreign.hears(bytes, from)) return;
    this.events.onDelivery({ bytes, from, answers: null });
  }

  get wakeAt(): number | null {
    const all = [
      this.#link.wakeAt,
      this.#comebacks.wakeAt,
      this.#held?.until ?? null,
      this.#keepaliveAt,
      this.#peers.wakeAt,
    ];
    const times = all.filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  get trouble(): Trouble | null {
    return this.#link.trouble;
  }

  tick(now: number): void {
    this.#link.tick(now);
    this.#comebacks.tick(now);
    this.#peers.tick(now);
    if (this.#held !== null && now >= this.#held.until) this.#release();
    if (this.#keepaliveAt !== null && now >= this.#keepaliveAt) this.#keepAlive();
  }

  call(target: string, at: Address, onResult: (result: CallResult) => void): void {
    this.#peers.call(target, at, onResult);
  }

  moved(): void {
    this.#link.close();
    this.#link = this.#newLink();
    this.#link.connect();
  }

  close(): void {
    this.#peers.close();
    const msgid = this.#msgids.next();
    if (this.#link.isOpen) this.#link.send({ kind: "close", answer: false, msgid });
    this.#link.close();
  }

  #newLink(): ServerLink {
    return new ServerLink(this.ports, this.settings, {
      onOpen: (fresh) => this.#onOpen(fresh),
      onKept: () => this.#resend(),
      onTrouble: this.events.onTrouble,
      onKeyChange: this.events.onKeyChange,
    });
  }

  get #keepaliveAt(): number | null {
    const { keepaliveMs } = this.settings;
    if (keepaliveMs === null || !this.#link.isOpen || !this.#logins.any) return null;
    return this.#link.sentAt + keepaliveMs;
  }

  #keepAlive(): void {
    this.#link.send({ kind: "keepalive", answer: false, msgid: this.#msgids.next() });
  }

  #onOpen(fresh: boolean): void {
    this.events.onHeard();
    const before = this.#link.packetsSent;
    if (fresh) {
      this.#comebacks.begin(this.#underWay.login?.login.id ?? null);
      this.#resend();
    }
    // protocol §5.13: the server seals with the new keys only after our first DATA under them.
    if (this.#link.packetsSent === before) this.#keepAlive();
  }

  /** Sends a message to another device. A device without a sealed link is sent plain text; the server never is. */
  #sendTo({ text, msgid }: OutgoingText, to: Address): void {
    if (this.#peers.send(text, to, msgid)) return;
    if (msgid !== null) this.#foreign.ask(to);
    this.ports.send(text, to);
  }

  /** Sends the requests under way, if there are any and no comeback is in progress. */
  #forward(): void {
    if (this.#underWay.isEmpty || this.#comebacks.busy) return;
    // Before the first link the server's key may be unknown, and tickets are looked up by it: the frame is made later.
    if (!this.#link.isOpen) return this.#link.connect();
    this.#link.send(...this.#underWay.frames);
  }

  #resend(): void {
    const before = this.#link.packetsSent;
    this.#forward();
    if (this.#link.packetsSent > before) this.events.onResent(this.#underWay.msgids);
  }

  #receivePacket(bytes: Uint8Array, from: Address): void {
    if (packetFault(bytes) !== undefined) return;
    const type = bytes[0];
    const isOurs = type === packetType.data && this.#link.owns(receiverOf(bytes));
    for (const frame of this.#link.receive(bytes)) {
      this.#receiveFrame(frame);
      if (frame.kind === "close") break;
    }
    if (isOurs) return;
    const isDevices = [packetType.init, packetType.resp, packetType.data] as (number | undefined)[];
    if (isDevices.includes(type)) this.#peers.receive(bytes, { kind: "direct", to: from });
  }

  #receiveFrame(frame: Frame): void {
    switch (frame.kind) {
      case "text":
        this.#serverClock.learn(frame.body);
        if (frame.answer) return this.#receiveAnswer(frame);
        return this.#deliver(frame.body, null, frame.msgid);
      case "ticket": {
        const id = this.#logins.takeTicket(frame);
        if (id === null) return;
        this.#ticketed = frame.msgid;
        if (this.#held?.id === id) this.#release();
        return;
      }
      case "peer":
      case "error":
        return this.#peers.receiveWord(frame);
      case "relay":
        return this.#peers.receive(frame.packet, { kind: "relayed", id: frame.id });
      case "close":
        return this.#link.lose();
      case "receipt":
        return this.#receiveReceipt(frame);
      case "resume":
      case "keepalive":
        return;
    }
  }

  #receiveReceipt({ code, timeMs, msgids }: Extract<Frame, { kind: "receipt" }>): void {
    if (code !== ack.statusNoted && code !== ack.dataStored) return;
    this.#serverClock.learnMs(timeMs);
    this.#underWay.remove(msgids);
    this.events.onReceipt({ code, msgids });
  }

  #receiveAnswer(frame: Extract<Frame, { kind: "text" }>): void {
    if (this.#comebacks.take(frame)) return this.events.onHeard();
    const asked = this.#underWay.login;
    if (asked !== null) return this.#receiveLoginAnswer(asked, frame);
    const { msgid, body } = frame;
    const ended = this.#underWay.settle(msgid, body);
    if (ended !== null) this.#logins.forget(ended);
    this.#deliver(body, msgid, msgid);
  }

  #receiveLoginAnswer({ login, msgid }: AskedLogin, frame: Extract<Frame, { kind: "text" }>): void {
    const taken = this.#logins.take(login, msgid, frame);
    if (taken === null) return;
    if (taken.kind === "again") return this.#forward();
    this.#underWay.remove([msgid]);
    if (taken.code === ack.loggedIn) this.#logins.note(login);
    const delivery = { bytes: taken.text, from: this.settings.server, answers: msgid };
    const hasTicket = frame.msgid !== msgid || this.#ticketed === msgid;
    if (taken.code !== ack.loggedIn || hasTicket) return this.events.onDelivery(delivery);
    // The TICKET follows at once. Hold the ACK until then: the command may exit when it gets its answer.
    const until = this.ports.now() + ticketWaitMs;
    this.#held = { delivery, id: login.id, until };
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.events.onDelivery(held.delivery);
  }

  /** Passes on a text from the server; the device's reply goes back over the link, as an answer with the same msgid. */
  #deliver(bytes: Uint8Array, answers: bigint | null, msgid: bigint): void {
    const send = (text: string) => {
      const body = Buffer.from(text);
      if (body.length > this.textBytesMax || !this.#link.isOpen) return;
      this.#link.send({ kind: "text", answer: true, msgid, body });
    };
    const way = { textBytesMax: this.textBytesMax, send };
    this.events.onDelivery({ bytes, from: this.settings.server, answers, way });
  }
}
