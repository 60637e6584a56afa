// A handshake on the initiator's side: sends INITs, each with a new counter, until a RESP completes one of them. Never
// decides when to send the next INIT or when to give up.

import type { Established, Initiation } from "../../sealed/handshake.ts";
import { initiate } from "../../sealed/handshake.ts";
import { envelopeVersion } from "../../sealed/limits.ts";
import { packetFault, packetType, receiverOf } from "../../sealed/packet-form.ts";
import { x25519KeyPair } from "../../sealed/primitives.ts";
import type { Trouble } from "../channel.ts";
import type { SealedPorts } from "./ports.ts";

/** How many of the latest INITs can still be completed by a late RESP. */
const initsMax = 5;

export class Handshaking {
  /** Number of RESPs to our INITs that did not verify. */
  refused = 0;
  /** How long the RESP took that has completed it, ms; null before, and if the INIT was sent again with a cookie. */
  tripMs: number | null = null;
  #inits: { readonly initiation: Initiation; readonly sentAt: number }[] = [];
  #cookie: Uint8Array | undefined;
  readonly #answeredCookie = new Set<number>();

  /**
   * @param remoteKey the responder's static key, 32 bytes
   * @param transmit sends a packet to the responder, directly or relayed
   */
  constructor(
    private readonly ports: SealedPorts,
    readonly remoteKey: Uint8Array,
    private readonly transmit: (packet: Uint8Array) => void,
  ) {}

  /** Sends a new INIT. protocol §5.7: an unanswered one is never repeated, since the responder may have its counter. */
  send(): void {
    const { ports, remoteKey } = this;
    const initiation = initiate({
      local: ports.local,
      remoteKey,
      ephemeral: x25519KeyPair(ports.randomBytes(32)),
      index: Buffer.from(ports.randomBytes(4)).readUInt32BE(0),
      hsCounter: ports.nextHandshakeCounter(),
      caps: 0,
      psk: ports.psk,
    });
    // Fails for a key of small order. Nobody can have proven such a key: send nothing, and let the caller time out.
    if (!initiation.ok) return;
    const sent = { initiation: initiation.value, sentAt: ports.now() };
    this.#inits = [...this.#inits, sent].slice(-initsMax);
    this.transmit(initiation.value.packet(this.#cookie));
  }

  /**
   * Takes a received RESP or COOKIE.
   * @returns the session's keys, or null if the packet completes no handshake
   */
  receive(bytes: Uint8Array): Established | null {
    if (packetFault(bytes) !== undefined) return null;
    const sent = this.#inits.find(({ initiation: { index } }) => index === receiverOf(bytes));
    if (sent === undefined) return null;
    const { initiation, sentAt } = sent;
    if (bytes[0] === packetType.cookie) {
      this.#receiveCookie(initiation, bytes);
      return null;
    }
    if (bytes[0] !== packetType.resp) return null;
    const established = initiation.complete(bytes);
    if (established.ok) {
      const isRepeated = this.#answeredCookie.has(initiation.index);
      this.tripMs = isRepeated ? null : this.ports.now() - sentAt;
      return established.value;
    }
    if (established.reason === "noise") this.refused++;
    return null;
  }

  #receiveCookie(initiation: Initiation, bytes: Uint8Array): void {
    const cookie = initiation.openCookie(bytes);
    if (!cookie.ok) return;
    this.#cookie = cookie.value;
    // Resend an INIT only once, or a peer that answers every INIT with a COOKIE could make us send without end.
    if (this.#answeredCookie.has(initiation.index)) return;
    this.#answeredCookie.add(initiation.index);
    this.transmit(initiation.packet(cookie.value));
  }
}

/** Whether a server with these versions of the envelope is too old or too new for us; null if it is neither. */
export function versionTrouble(min: number, max: number): Trouble | null {
  if (max < envelopeVersion) return "older-server";
  return min > envelopeVersion ? "newer-server" : null;
}
