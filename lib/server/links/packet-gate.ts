// The gate of the sealed transport: answers HELLO and INIT, opens DATA and passes its frames on. Never answers HELLO, INIT
// or a DATA without a link with a larger packet, and keeps state only for an INIT that it accepts.

import { CookieJar } from "../../sealed/cookie.ts";
import { FrameReader } from "../../sealed/bundle.ts";
import { Responder } from "../../sealed/handshake.ts";
import { packetFault, packetType, receiverOf } from "../../sealed/packet-form.ts";
import { dataBytesMin, envelopeVersion } from "../../sealed/limits.ts";
import { decodePacket, encodePacket } from "../../sealed/packets.ts";
import { x25519KeyPair } from "../../sealed/primitives.ts";
import { resetFor } from "../../sealed/reset.ts";
import { Transport } from "../../sealed/transport.ts";
import type { Desk } from "../desk.ts";
import type { Address } from "../../protocol/messages.ts";
import { limits } from "../policy.ts";
import { Link } from "./link.ts";

export class PacketGate {
  readonly #responder: Responder;
  readonly #jar: CookieJar;
  readonly #frames = new FrameReader();
  #inits = 0;
  #initsSince = 0;

  /** @param onFrame called with each frame of a packet in order; the reader stands at it */
  constructor(
    private readonly desk: Desk,
    private readonly onFrame: (link: Link, frame: FrameReader) => void,
  ) {
    const { sealing, psk } = desk.identity;
    this.#responder = new Responder(sealing, psk ?? undefined);
    this.#jar = new CookieJar(sealing.publicKey, desk.random);
  }

  /**
   * Handles a datagram whose first byte is 1 to 7.
   * @param late whether the event loop is behind, so that an INIT needs a cookie
   */
  receive(bytes: Uint8Array, source: Address, late: boolean): void {
    switch (bytes[0]) {
      case packetType.data:
        return this.#receiveData(bytes, source);
      case packetType.init:
        return this.#receiveInit(bytes, source, late);
      case packetType.hello:
        return this.#receiveHello(bytes, source);
      default:
        // Only a server sends KEY, RESP, COOKIE and RESET.
        this.desk.counters.sealedRefused++;
    }
  }

  #receiveHello(bytes: Uint8Array, source: Address): void {
    const hello = decodePacket(bytes);
    if (!hello.ok || hello.value.type !== "hello") {
      this.desk.counters.sealedRefused++;
      return;
    }
    const { nonce } = hello.value;
    const { publicKey } = this.desk.identity.sealing;
    const packet = {
      type: "key",
      nonce,
      versionMin: envelopeVersion,
      versionMax: envelopeVersion,
      flags: 0,
      publicKey,
    } as const;
    this.desk.outbox.send(source, encodePacket(packet));
  }

  #receiveInit(bytes: Uint8Array, source: Address, late: boolean): void {
    const { desk } = this;
    const { uptimeMs } = desk;
    const checked = this.#responder.checkInit(bytes);
    if (!checked.ok) {
      desk.counters.sealedRefused++;
      return;
    }
    if ((this.#isFlooded(uptimeMs) || late) && !this.#jar.check(bytes, source, uptimeMs)) {
      desk.counters.cookies++;
      desk.outbox.send(source, this.#jar.answer(checked.value, source, uptimeMs));
      return;
    }
    const read = this.#responder.readInit(bytes);
    if (!read.ok) {
      desk.counters.sealedRefused++;
      return;
    }
    const { remoteKey, hsCounter } = read.value;
    const key = Buffer.from(remoteKey).toString("base64");
    if (!desk.links.takeHandshake(key, hsCounter)) {
      desk.counters.sealedRefused++;
      return;
    }
    const index = desk.links.freeIndex(desk.random);
    const answer = read.value.answer(index, x25519KeyPair(desk.random.bytes(32)));
    if (!answer.ok) {
      desk.counters.sealedRefused++;
      return;
    }
    const transport = new Transport(answer.value.established, uptimeMs);
    desk.counters.handshakes++;
    desk.links.add(new Link(transport, key, hsCounter, source, uptimeMs));
    desk.outbox.send(source, answer.value.packet);
  }

  #receiveData(bytes: Uint8Array, source: Address): void {
    const { desk } = this;
    const link = bytes.length < dataBytesMin ? undefined : desk.links.at(receiverOf(bytes));
    if (link === undefined) {
      if (packetFault(bytes) !== undefined) {
        desk.counters.sealedRefused++;
        return;
      }
      desk.counters.resets++;
      desk.outbox.send(source, resetFor(bytes));
      return;
    }
    // It checks the form of the packet.
    const opened = link.transport.open(bytes, desk.uptimeMs);
    if (!opened.ok) {
      desk.counters.sealedRefused++;
      if (opened.reason !== "dead") return;
      desk.links.remove(link);
      desk.outbox.send(source, resetFor(bytes));
      return;
    }
    // sealed, Roaming: only a verified packet with the highest counter so far moves the address.
    if (opened.value.newest) {
      desk.links.confirm(link, desk.uptimeMs);
      link.source = source;
    }
    link.heard(bytes.length);
    const frames = this.#frames;
    frames.begin(opened.value.plaintext);
    let rest = link.device === null ? limits.strangerFrames : Infinity;
    // A CLOSE ends the link in the middle of its packet.
    while (rest-- > 0 && desk.links.at(link.index) === link && frames.next()) {
      this.onFrame(link, frames);
    }
    if (frames.fault !== undefined) desk.counters.sealedRefused++;
  }

  /** Counts an INIT. True above the rate from which on an INIT needs a cookie. */
  #isFlooded(uptimeMs: number): boolean {
    const most = limits.initsPerSecond;
    const passed = uptimeMs - this.#initsSince;
    if (passed >= 1_000) {
      this.#initsSince = uptimeMs;
      // What was above the limit, at most once the limit, counts for the next second too: a flood that continues needs
      // cookies from its start. One quiet second ends that.
      const carried = Math.min(this.#inits, 2 * most) - most;
      this.#inits = passed < 2_000 ? Math.max(0, carried) : 0;
    }
    return ++this.#inits > most;
  }
}
