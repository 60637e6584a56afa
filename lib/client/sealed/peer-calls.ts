// Calls to other devices: with the server's voucher a handshake straight to where the device is, and where that stays
// unanswered the same through the server. Says which it was, or why neither worked.

import type { Address } from "../../protocol/messages.ts";
import type { Frame } from "../../sealed/frames.ts";
import { packetType, receiverOf } from "../../sealed/packet-form.ts";
import { Transport } from "../../sealed/transport.ts";
import { type Voucher, voucherFault } from "../../sealed/voucher.ts";
import type { CallResult, Delivery } from "../channel.ts";
import { Handshaking } from "./handshaking.ts";
import type { Msgids } from "./msgids.ts";
import { PeerLink, type Route, type Transmit } from "./peer-link.ts";
import type { SealedPorts } from "./ports.ts";

/** Implementation constants: INITs each way and the wait after each; how long a voucher may take after the answer. */
const tries = { direct: 3, relayed: 4 } as const;
const waitMs = { direct: 1_000, relayed: 2_000 } as const;
const voucherWaitMs = 1_000;
/** Addresses asked for whose voucher may still come. */
const askedMax = 16;

type Asked = { readonly target: string; readonly askerId: string };

type Call = {
  readonly target: string;
  readonly at: Address;
  readonly onResult: (result: CallResult) => void;
  voucher: Voucher | null;
  phase: "voucher" | "direct" | "relayed" | "open" | "ended";
  handshake: Handshaking | null;
  sendings: number;
  wakeAt: number;
  link: PeerLink | null;
  /** Something came back over the link: its other side has the voucher. */
  heard: boolean;
};

export class PeerCalls {
  readonly #asked = new Map<bigint, Asked>();
  readonly #vouchers = new Map<string, Voucher>();
  readonly #textDevices = new Set<string>();
  readonly #relays = new Map<bigint, Call>();
  #calls: Call[] = [];

  /**
   * @param transmit sends a packet on its route; returns the msgid where it went as a RELAY
   * @param signingKey the server's Ed25519 key as a device knows it, or null where there was no TICKET
   */
  constructor(
    private readonly ports: SealedPorts,
    private readonly msgids: Msgids,
    private readonly transmit: (packet: Uint8Array, route: Route) => bigint | null,
    private readonly signingKey: (id: string) => Uint8Array | null,
    private readonly onDelivery: (delivery: Delivery) => void,
  ) {}

  /** A QUERY 01 goes out: its voucher will bear the same msgid. */
  expect(msgid: bigint, asked: Asked): void {
    this.#vouchers.delete(asked.target);
    this.#textDevices.delete(asked.target);
    this.#asked.set(msgid, asked);
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= askedMax) return;
      this.#asked.delete(oldest);
    }
  }

  /** Takes a PEER or ERROR of the server. */
  receiveWord(frame: Extract<Frame, { kind: "peer" | "error" }>): void {
    const relayed = this.#relays.get(frame.msgid);
    if (relayed !== undefined && frame.kind === "error") return this.#refuseRelay(relayed, frame);
    const asked = this.#asked.get(frame.msgid);
    if (asked === undefined || !frame.answer) return;
    if (frame.kind === "error") this.#textDevices.add(asked.target);
    else if (this.#isGood(frame.voucher, asked))
      this.#vouchers.set(asked.target, copyOf(frame.voucher));
    for (const call of this.#calls) if (call.target === asked.target) this.#begin(call);
  }

  /** Calls a device whose address the server just told. */
  call(target: string, at: Address, onResult: (result: CallResult) => void): void {
    this.#calls = this.#calls.filter((other) => !isSame(other.at, at));
    const call: Call = {
      target,
      at,
      onResult,
      voucher: null,
      phase: "voucher",
      handshake: null,
      sendings: 0,
      wakeAt: this.ports.now() + voucherWaitMs,
      link: null,
      heard: false,
    };
    this.#calls.push(call);
    this.#begin(call);
  }

  /** Sends a text over the link to this address; returns whether there is one. */
  send(text: string, to: Address, request: number | null): boolean {
    const call = this.#calls.find(({ link, at }) => link !== null && isSame(at, to));
    const { link = null, voucher = null } = call ?? {};
    if (call === undefined || link === null || voucher === null) return false;
    const body = Buffer.from(text);
    if (request === null || body.length > link.textBytesMax) return true;
    const msgid = this.msgids.ofRequest(request);
    // sealed, Peers: the voucher goes first; until something comes back it may have been lost.
    if (!call.heard) link.send({ kind: "peer", answer: false, msgid: this.msgids.next(), voucher });
    link.send({ kind: "text", answer: false, msgid, body });
    return true;
  }

  /** Takes a RESP, COOKIE or DATA; returns whether it was for a call. */
  receive(bytes: Uint8Array, route: Route): boolean {
    if (bytes[0] !== packetType.data) return this.#receiveHandshake(bytes, route);
    const index = receiverOf(bytes);
    const call = this.#calls.find(({ link }) => link?.transport.localIndex === index);
    if (call === undefined || call.link === null) return false;
    const frame = call.link.open(bytes, route);
    if (frame !== null) this.#receiveFrame(call, call.link, frame);
    return true;
  }

  get wakeAt(): number | null {
    const at = Math.min(...this.#calls.map((call) => call.wakeAt));
    return at === Infinity ? null : at;
  }

  tick(now: number): void {
    for (const call of this.#calls) if (now >= call.wakeAt) this.#goOn(call);
  }

  close(): void {
    for (const { link } of this.#calls) {
      link?.send({ kind: "close", answer: false, msgid: this.msgids.next() });
      link?.transport.wipe();
    }
    this.#calls = [];
  }

  #isGood(voucher: Voucher, { target, askerId }: Asked): boolean {
    const serverKey = this.signingKey(askerId);
    const askerKey = this.ports.local.publicKey;
    const nowSeconds = Math.floor(this.ports.time() / 1000);
    const expected = { askerKey, targetId: target, askerId, nowSeconds };
    return serverKey !== null && voucherFault(voucher, { ...expected, serverKey }) === undefined;
  }

  /** With a voucher the handshake begins; with the word that the device speaks text, nothing does. */
  #begin(call: Call): void {
    if (call.phase !== "voucher") return;
    const voucher = this.#vouchers.get(call.target);
    if (this.#textDevices.has(call.target)) return this.#end(call, { kind: "text" });
    if (voucher === undefined) return;
    call.voucher = voucher;
    this.#try(call, "direct");
  }

  #try(call: Call, phase: "direct" | "relayed"): void {
    const { voucher, at, target } = call;
    if (voucher === null) return;
    const route: Route = phase === "direct" ? { kind: phase, to: at } : { kind: phase, id: target };
    call.phase = phase;
    call.sendings = 0;
    call.handshake = new Handshaking(this.ports, voucher.targetKey, (packet) =>
      this.#transmitFor(call)(packet, route),
    );
    this.#goOn(call);
  }

  #goOn(call: Call): void {
    const { phase } = call;
    if (phase === "voucher") return this.#end(call, { kind: "no-voucher" });
    if (phase !== "direct" && phase !== "relayed") return;
    if (call.sendings < tries[phase]) {
      call.sendings++;
      call.wakeAt = this.ports.now() + waitMs[phase];
      call.handshake?.send();
    } else if (phase === "direct") {
      this.#try(call, "relayed");
    } else {
      this.#end(call, { kind: "failed", why: "it does not answer by way of the server either" });
    }
  }

  #refuseRelay(call: Call, frame: Extract<Frame, { kind: "error" }>): void {
    if (call.phase !== "relayed") return;
    this.#end(call, { kind: "failed", why: `the server does not pass it on: ${frame.text}` });
  }

  #receiveHandshake(bytes: Uint8Array, route: Route): boolean {
    for (const call of this.#calls) {
      const established = call.handshake?.receive(bytes) ?? null;
      if (established === null) continue;
      const { ports } = this;
      call.link = new PeerLink(
        new Transport(established, ports.now()),
        route,
        this.#transmitFor(call),
        ports.now,
      );
      call.phase = "open";
      this.#end(call, { kind: "open", via: route.kind });
      return true;
    }
    return false;
  }

  #transmitFor(call: Call): Transmit {
    return (packet, route) => {
      const msgid = this.transmit(packet, route);
      if (msgid !== null) this.#relays.set(msgid, call);
    };
  }

  #receiveFrame(call: Call, link: PeerLink, frame: Frame): void {
    call.heard = true;
    // A device answers here and nothing more: what it says unasked would pass for another's word.
    if (frame.kind !== "text" || !frame.answer) return;
    const answers = this.msgids.requestOf(frame.msgid);
    if (answers === null) return;
    const way = link.wayTo(frame.msgid);
    this.onDelivery({ bytes: frame.body, from: call.at, answers, way });
  }

  #end(call: Call, result: CallResult): void {
    call.wakeAt = Infinity;
    call.handshake = null;
    if (call.phase !== "open") call.phase = "ended";
    for (const [msgid, of] of this.#relays) if (of === call) this.#relays.delete(msgid);
    call.onResult(result);
  }
}

function copyOf(voucher: Voucher): Voucher {
  const { askerKey, targetKey, signature } = voucher;
  const [asker, target] = [Uint8Array.from(askerKey), Uint8Array.from(targetKey)];
  return { ...voucher, askerKey: asker, targetKey: target, signature: Uint8Array.from(signature) };
}

function isSame(a: Address, b: Address): boolean {
  return a.ip === b.ip && a.port === b.port;
}
