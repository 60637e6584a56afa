// Calls to other devices. With the server's voucher, tries a handshake directly with the device's address, then relayed
// by the server. Reports which of the two worked, or why neither did; never calls a device without a voucher.

import { BoundedMap } from "../../bounded-map.ts";
import type { Address } from "../../protocol/messages.ts";
import type { Frame } from "../../sealed/frames.ts";
import { packetType, receiverOf } from "../../sealed/packet-form.ts";
import { Transport } from "../../sealed/transport.ts";
import { type Voucher, voucherFault, type VoucherReason } from "../../sealed/voucher.ts";
import type { CallResult, Delivery } from "../channel.ts";
import { Handshaking } from "./handshaking.ts";
import type { Msgids } from "../msgids.ts";
import { PeerLink, type PeerRoute, type Transmit } from "./peer-link.ts";
import type { SealedPorts } from "./ports.ts";
import type { ServerClock } from "./server-clock.ts";

/** Implementation constants: INITs sent on each route and the wait after each; the wait for the voucher of a call. */
const tries = { direct: 3, relayed: 4 } as const;
const waitMs = { direct: 1_000, relayed: 2_000 } as const;
const voucherWaitMs = 1_000;
/** How many of the latest QUERY 01, vouchers and calls are kept: far more than a person has in use at once. */
const keptMax = 16;

const faults: Readonly<Record<VoucherReason, string>> = {
  expired: "the server's voucher is expired by the server's own time: was the server's clock set?",
  asker: "the server's voucher is for another device than this one",
  target: "the server's voucher is for another device than the one asked",
  signature: "the server's voucher is not signed by the server's key",
};

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
  /** Whether a frame came back over the link, which shows that the other device has the voucher. */
  heard: boolean;
  /** The msgid of the latest request that was sent over the link. */
  asked: bigint | null;
};

export class PeerCalls {
  readonly #asked = new BoundedMap<bigint, Asked>(keptMax);
  readonly #vouchers = new BoundedMap<string, Voucher>(keptMax);
  readonly #textDevices = new BoundedMap<string, true>(keptMax);
  /** Why the latest voucher for a target is not used. */
  readonly #faults = new BoundedMap<string, VoucherReason>(keptMax);
  readonly #relays = new Map<bigint, Call>();
  #calls: Call[] = [];

  /**
   * @param clock by which a voucher expires
   * @param transmit sends a packet on its route; returns the msgid if it was sent as a RELAY frame, else null
   * @param signingKey the server's Ed25519 key that this id got in its TICKET, or null if there was none
   */
  constructor(
    private readonly ports: SealedPorts,
    private readonly clock: ServerClock,
    private readonly msgids: Msgids,
    private readonly transmit: (packet: Uint8Array, route: PeerRoute) => bigint | null,
    private readonly signingKey: (id: string) => Uint8Array | null,
    private readonly onDelivery: (delivery: Delivery) => void,
  ) {}

  /** Notes a QUERY 01 that is being sent: the voucher or ERROR for its target has the same msgid (protocol §5.17). */
  expect(msgid: bigint, asked: Asked): void {
    this.#vouchers.delete(asked.target);
    this.#textDevices.delete(asked.target);
    this.#faults.delete(asked.target);
    this.#asked.set(msgid, asked);
  }

  /** Takes a PEER or ERROR frame of the server. */
  receiveWord(frame: Extract<Frame, { kind: "peer" | "error" }>): void {
    const relayed = this.#relays.get(frame.msgid);
    if (relayed !== undefined && frame.kind === "error") return this.#refuseRelay(relayed, frame);
    const asked = this.#asked.get(frame.msgid);
    if (asked === undefined || !frame.answer) return;
    if (frame.kind === "error") {
      this.#textDevices.set(asked.target, true);
    } else {
      this.#takeVoucher(frame.voucher, asked);
    }
    for (const call of this.#calls) if (call.target === asked.target) this.#begin(call);
  }

  /**
   * Calls a device; see `Carrier.call`. Hangs up an earlier call to the same address, and the oldest one if there are
   * too many.
   */
  call(target: string, at: Address, onResult: (result: CallResult) => void): void {
    const earlier = this.#calls.find((other) => isSame(other.at, at));
    if (earlier !== undefined) this.#replace(earlier);
    const [oldest] = this.#calls;
    if (oldest !== undefined && this.#calls.length >= keptMax) this.#replace(oldest);
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
      asked: null,
    };
    this.#calls.push(call);
    this.#begin(call);
  }

  /** Sends a text over the link to this address; returns whether there is such a link. */
  send(text: string, to: Address, request: bigint | null): boolean {
    const call = this.#calls.find(({ link, at }) => link !== null && isSame(at, to));
    const { link = null, voucher = null } = call ?? {};
    if (call === undefined || link === null || voucher === null) return false;
    const body = Buffer.from(text);
    if (request === null || body.length > link.textBytesMax) return true;
    // protocol §5.17: the voucher is sent first. It is repeated until a frame comes back, because it may be lost.
    if (!call.heard) link.send({ kind: "peer", answer: false, msgid: this.msgids.next(), voucher });
    call.asked = request;
    link.send({ kind: "text", answer: false, msgid: request, body });
    return true;
  }

  /** Takes a received RESP, COOKIE or DATA packet; returns whether it belongs to a call. */
  receive(bytes: Uint8Array, route: PeerRoute): boolean {
    if (bytes[0] !== packetType.data) return this.#receiveHandshake(bytes, route);
    const index = receiverOf(bytes);
    const call = this.#calls.find(({ link }) => link?.transport.localIndex === index);
    if (call === undefined || call.link === null) return false;
    for (const frame of call.link.open(bytes, route)) this.#receiveFrame(call, call.link, frame);
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
    for (const call of this.#calls) this.#hangUp(call);
  }

  /** Makes room for another call. */
  #replace(call: Call): void {
    const { phase } = call;
    this.#hangUp(call);
    if (phase === "open" || phase === "ended") return;
    this.#end(call, { kind: "failed", why: "another call took its place" });
  }

  #hangUp(call: Call): void {
    this.#calls = this.#calls.filter((other) => other !== call);
    call.link?.send({ kind: "close", answer: false, msgid: this.msgids.next() });
    call.link?.transport.wipe();
    call.link = null;
  }

  /** Keeps a voucher, or why it is refused. Without a TICKET there is no key to check it with. */
  #takeVoucher(voucher: Voucher, { target, askerId }: Asked): void {
    const serverKey = this.signingKey(askerId);
    if (serverKey === null) return;
    const askerKey = this.ports.local.publicKey;
    const nowSeconds = this.clock.seconds;
    const expected = { askerKey, targetId: target, askerId, nowSeconds, serverKey };
    const fault = voucherFault(voucher, expected);
    if (fault === undefined) this.#vouchers.set(target, copyOf(voucher));
    else this.#faults.set(target, fault);
  }

  /** Starts the handshake once the voucher has arrived, or ends the call if the device speaks text. */
  #begin(call: Call): void {
    if (call.phase !== "voucher") return;
    const voucher = this.#vouchers.get(call.target);
    if (this.#textDevices.has(call.target)) return this.#end(call, { kind: "text" });
    const fault = this.#faults.get(call.target);
    if (fault !== undefined) return this.#end(call, { kind: "failed", why: faults[fault] });
    if (voucher === undefined) return;
    call.voucher = voucher;
    this.#try(call, "direct");
  }

  #try(call: Call, phase: "direct" | "relayed"): void {
    const { voucher, at, target } = call;
    if (voucher === null) return;
    const route: PeerRoute =
      phase === "direct" ? { kind: phase, to: at } : { kind: phase, id: target };
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

  #receiveHandshake(bytes: Uint8Array, route: PeerRoute): boolean {
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
      // An open link does not end with an ERROR for one of its packets.
      if (msgid !== null && call.phase === "relayed") this.#relays.set(msgid, call);
    };
  }

  #receiveFrame(call: Call, link: PeerLink, frame: Frame): void {
    call.heard = true;
    // Only answers are accepted on this link. An unsolicited message could claim another id, and would be trusted.
    if (frame.kind !== "text" || !frame.answer || frame.msgid !== call.asked) return;
    const way = link.wayTo(frame.msgid);
    this.onDelivery({ bytes: frame.body, from: call.at, answers: frame.msgid, way });
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
