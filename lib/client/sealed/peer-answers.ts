// Calls from other devices: answers their handshakes, and their QUERYs once they have shown the server's voucher.
// Without a voucher a caller never learns more than that this device holds its key.

import { BoundedMap } from "../../bounded-map.ts";
import { decode } from "../../protocol/decode.ts";
import { isDeviceId } from "../../protocol/fields.ts";
import type { Address } from "../../protocol/messages.ts";
import type { Frame } from "../../sealed/frames.ts";
import { Responder } from "../../sealed/handshake.ts";
import { receiverOf } from "../../sealed/packet-form.ts";
import { x25519KeyPair } from "../../sealed/primitives.ts";
import { Transport } from "../../sealed/transport.ts";
import { type Voucher, voucherFault } from "../../sealed/voucher.ts";
import type { Delivery } from "../channel.ts";
import { PeerLink, type PeerRoute, type Transmit } from "./peer-link.ts";
import type { SealedPorts } from "./ports.ts";
import type { ServerClock } from "./server-clock.ts";

/** Implementation limits: open links, links without a voucher, callers' handshake counters, handshakes answered. */
const linksMax = 64;
const strangersMax = 16;
const countersMax = 256;
const initsPerSecond = 20;

type Caller = {
  readonly link: PeerLink;
  readonly key: Uint8Array;
  voucher: Voucher | null;
};

/** What the answering side needs to know about this device. */
export type Target = {
  /** Whether this id is logged in here. */
  isIn(id: string): boolean;
  /** The Ed25519 key that signs the server's vouchers, or null if it is not known. */
  signingKey(id: string): Uint8Array | null;
  /** By which a voucher expires. */
  readonly clock: ServerClock;
  /** The source address of a relayed call. */
  readonly server: Address;
};

export class PeerAnswers {
  readonly #responder: Responder;
  readonly #callers = new Map<number, Caller>();
  readonly #counters = new BoundedMap<string, number>(countersMax);
  #initsSince = -Infinity;
  #inits = 0;

  constructor(
    private readonly ports: SealedPorts,
    private readonly target: Target,
    private readonly transmit: Transmit,
    private readonly onDelivery: (delivery: Delivery) => void,
  ) {
    this.#responder = new Responder(ports.local, ports.psk);
  }

  /** Takes a received INIT and answers it with RESP, within the rate limit. RESP is shorter: no amplification. */
  receiveInit(bytes: Uint8Array, route: PeerRoute): void {
    const { ports } = this;
    if (!this.#responder.checkInit(bytes).ok || !this.#mayRead()) return;
    const read = this.#responder.readInit(bytes);
    if (!read.ok) return;
    const { remoteKey, hsCounter } = read.value;
    if (!this.#isNewer(Buffer.from(remoteKey).toString("base64"), hsCounter)) return;
    const index = Buffer.from(ports.randomBytes(4)).readUInt32BE(0);
    const answer = read.value.answer(index, x25519KeyPair(ports.randomBytes(32)));
    if (!answer.ok) return;
    const transport = new Transport(answer.value.established, ports.now());
    const link = new PeerLink(transport, route, this.transmit, ports.now);
    this.#callers.set(index, { link, key: Uint8Array.from(remoteKey), voucher: null });
    this.#makeRoom();
    this.transmit(answer.value.packet, route);
  }

  /** Takes a received DATA packet; returns whether it belongs to a link of this side. */
  receiveData(bytes: Uint8Array, route: PeerRoute): boolean {
    const index = receiverOf(bytes);
    const caller = this.#callers.get(index);
    if (caller === undefined) return false;
    for (const frame of caller.link.open(bytes, route)) {
      // A CLOSE or a bad voucher in the same packet has ended the link.
      if (this.#callers.get(index) !== caller) break;
      if (frame.kind === "close") this.#remove(index);
      else if (frame.kind === "peer") this.#receiveVoucher(index, caller, frame.voucher);
      else if (frame.kind === "text") this.#receiveText(caller, frame, route);
    }
    return true;
  }

  close(): void {
    for (const index of this.#callers.keys()) this.#remove(index);
  }

  #receiveVoucher(index: number, caller: Caller, voucher: Voucher): void {
    const serverKey = this.target.signingKey(voucher.targetId);
    const { targetId } = voucher;
    const targetKey = this.ports.local.publicKey;
    const nowSeconds = this.target.clock.seconds;
    const expected = { askerKey: caller.key, targetId, targetKey, nowSeconds };
    const isGood =
      serverKey !== null &&
      this.target.isIn(targetId) &&
      // A device that called itself the server could pass for it.
      isDeviceId(voucher.askerId) &&
      voucherFault(voucher, { ...expected, serverKey }) === undefined;
    if (isGood) caller.voucher = { ...voucher };
    else this.#remove(index);
  }

  /** A caller may only send a QUERY, whose id and target are those of its voucher; anything else is dropped. */
  #receiveText(caller: Caller, frame: Extract<Frame, { kind: "text" }>, route: PeerRoute): void {
    const { voucher, link } = caller;
    if (voucher === null || frame.answer) return;
    const decoded = decode(frame.body);
    if (!decoded.ok || decoded.message.type !== "QUERY") return;
    const { id, target } = decoded.message;
    if (id !== voucher.askerId || target !== voucher.targetId) return;
    const from = route.kind === "direct" ? route.to : this.target.server;
    this.onDelivery({ bytes: frame.body, from, answers: null, way: link.wayTo(frame.msgid) });
  }

  #mayRead(): boolean {
    const now = this.ports.now();
    if (now - this.#initsSince >= 1_000) {
      this.#initsSince = now;
      this.#inits = 0;
    }
    return ++this.#inits <= initsPerSecond;
  }

  #isNewer(key: string, hsCounter: number): boolean {
    const before = this.#counters.get(key);
    if (before !== undefined && hsCounter <= before) return false;
    this.#counters.renew(key, hsCounter);
    return true;
  }

  /** Removes the oldest link over either limit: of the links without a voucher, and of all. */
  #makeRoom(): void {
    const strangers = [...this.#callers].filter(([, { voucher }]) => voucher === null);
    const [stranger] = strangers[0] ?? [];
    if (strangers.length > strangersMax && stranger !== undefined) this.#remove(stranger);
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > linksMax && oldest !== undefined) this.#remove(oldest);
  }

  #remove(index: number): void {
    this.#callers.get(index)?.link.transport.wipe();
    this.#callers.delete(index);
  }
}
