// The sealed channel's side towards other devices: outgoing and incoming calls, directly or as RELAY frames over the
// link to the server. Never sends to another device in plain text.

import { query } from "../../protocol/codes.ts";
import { decode } from "../../protocol/decode.ts";
import type { Address } from "../../protocol/messages.ts";
import type { Frame } from "../../sealed/frames.ts";
import { packetType } from "../../sealed/packet-form.ts";
import type { CallResult, Delivery } from "../channel.ts";
import type { SealedLogins } from "./logins.ts";
import type { Msgids } from "../msgids.ts";
import { PeerAnswers } from "./peer-answers.ts";
import { PeerCalls } from "./peer-calls.ts";
import type { PeerRoute } from "./peer-link.ts";
import type { SealedPorts } from "./ports.ts";
import type { ServerClock } from "./server-clock.ts";

export class Peers {
  readonly #calls: PeerCalls;
  readonly #answers: PeerAnswers;

  /** @param sendFrame seals a frame for the server and sends it */
  constructor(
    private readonly ports: SealedPorts,
    clock: ServerClock,
    private readonly msgids: Msgids,
    private readonly logins: SealedLogins,
    private readonly sendFrame: (frame: Frame) => void,
    server: Address,
    onDelivery: (delivery: Delivery) => void,
  ) {
    const transmit = (packet: Uint8Array, route: PeerRoute) => this.#transmit(packet, route);
    const signingKey = (id: string | null) => logins.signingKey(id);
    this.#calls = new PeerCalls(ports, clock, msgids, transmit, signingKey, onDelivery);
    const target = { isIn: (id: string) => logins.has(id), signingKey, server, clock };
    this.#answers = new PeerAnswers(ports, target, transmit, onDelivery);
  }

  /** Notes a request to the server if it is a QUERY 01: the voucher that follows its answer has the same msgid. */
  notice(text: Uint8Array, msgid: bigint): void {
    const decoded = decode(text);
    if (!decoded.ok || decoded.message.type !== "QUERY") return;
    const { code, id, target, address } = decoded.message;
    if (code === query.address && address === null) {
      this.#calls.expect(msgid, { target, askerId: id });
    }
  }

  /** Takes a PEER or ERROR frame of the server. */
  receiveWord(frame: Extract<Frame, { kind: "peer" | "error" }>): void {
    this.#calls.receiveWord(frame);
  }

  /** Takes a packet from another device. INITs are dropped while no id is logged in. */
  receive(bytes: Uint8Array, route: PeerRoute): void {
    if (bytes[0] !== packetType.init) {
      if (this.#calls.receive(bytes, route) || bytes[0] !== packetType.data) return;
      this.#answers.receiveData(bytes, route);
    } else if (this.logins.any) {
      this.#answers.receiveInit(bytes, route);
    }
  }

  /** Makes a link to a device; see `Carrier.call`. */
  call(target: string, at: Address, onResult: (result: CallResult) => void): void {
    this.#calls.call(target, at, onResult);
  }

  /** Sends a text over the link to a called device; returns whether there is such a link. */
  send(text: string, to: Address, request: bigint | null): boolean {
    return this.#calls.send(text, to, request);
  }

  get wakeAt(): number | null {
    return this.#calls.wakeAt;
  }

  tick(now: number): void {
    this.#calls.tick(now);
  }

  close(): void {
    this.#calls.close();
    this.#answers.close();
  }

  /** Sends a packet on its route; returns the msgid of the RELAY frame, or null if it was sent directly. */
  #transmit(packet: Uint8Array, route: PeerRoute): bigint | null {
    if (route.kind === "direct") {
      this.ports.send(packet, route.to);
      return null;
    }
    const msgid = this.msgids.next();
    this.sendFrame({ kind: "relay", answer: false, msgid, id: route.id, packet });
    return msgid;
  }
}
