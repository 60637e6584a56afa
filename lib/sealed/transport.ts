// Owns one session's keys, counters and replay window: seals frames into DATA packets and opens them.
// Never parses a frame, reads a clock or knows an address: the caller passes the time in.

import { writeUint32 } from "./bytes.ts";
import type { Established } from "./handshake.ts";
import {
  dataHeaderBytes,
  deadAfterMessages,
  deadAfterMs,
  rekeyAfterMessages,
  rekeyAfterMs,
  tagBytes,
} from "./limits.ts";
import {
  dataCounter,
  packetFault,
  packetType,
  receiverOf,
  writeDataHeader,
} from "./packet-form.ts";
import type { PacketReason } from "./packet-form.ts";
import { open, sealInto } from "./primitives.ts";
import { ReplayWindow } from "./replay.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";
import { nonceBytes } from "./symmetric-state.ts";

/** Why a DATA packet was refused. */
export type OpenReason = PacketReason | "not-expected" | "index" | "dead" | "replay" | "tag";

/** A DATA packet that was opened. */
export interface Opened {
  /** The inner frame with its padding. */
  readonly frame: Uint8Array;
  /** Whether its counter is higher than any before: only then may the peer's address change (sealed, Roaming). */
  readonly newest: boolean;
}

// One nonce and one header buffer serve all sessions: everything here is synchronous, and the cipher copies both.
// Counters stay below 2^24, so only the last 4 bytes of the nonce change.
const nonce = new Uint8Array(nonceBytes);
const header = new Uint8Array(dataHeaderBytes);

/** Whether keys of this age, or with this number of messages, are due for a rekey. */
export function areWorn(ageMs: number, messages: number): boolean {
  return ageMs >= rekeyAfterMs || messages >= rekeyAfterMessages;
}

/** Whether keys of this age may no longer seal or open the message with this counter; the first is 0. */
export function areDead(ageMs: number, message: number): boolean {
  return ageMs >= deadAfterMs || message >= deadAfterMessages;
}

/** One side of a session, from the keys of a finished handshake. Times are monotonic, in ms. */
export class Transport {
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly initiator: boolean;
  readonly #sendKey: Uint8Array;
  readonly #receiveKey: Uint8Array;
  readonly #window = new ReplayWindow();
  #bornMs: number;
  #sent = 0;

  constructor(established: Established, nowMs: number) {
    this.localIndex = established.localIndex;
    this.remoteIndex = established.remoteIndex;
    this.initiator = established.initiator;
    this.#bornMs = nowMs;
    this.#sendKey = established.sendKey;
    this.#receiveKey = established.receiveKey;
  }

  /** Packets sealed so far; also the counter of the next one. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether the client is due for a rekey: after 15 minutes, or 2^20 messages in either direction. */
  needsRekey(nowMs: number): boolean {
    return areWorn(nowMs - this.#bornMs, Math.max(this.#sent, this.#window.next));
  }

  /** Whether the keys can no longer seal: after 30 minutes, or 2^24 messages sent. */
  isDead(nowMs: number): boolean {
    return areDead(nowMs - this.#bornMs, this.#sent);
  }

  /**
   * Seals one frame into a DATA packet, which is 32 bytes longer.
   * @param frame a multiple of 16 bytes, at most 1,168
   * @returns the packet, or `dead`: the keys are too old or used up
   */
  seal(frame: Uint8Array, nowMs: number): Result<Uint8Array, "dead"> {
    if (this.isDead(nowMs)) return reject("dead");
    const counter = this.#sent++;
    const packet = new Uint8Array(dataHeaderBytes + frame.length + tagBytes);
    writeDataHeader(packet, this.remoteIndex, counter);
    writeDataHeader(header, this.remoteIndex, counter);
    writeUint32(nonce, nonceBytes - 4, counter);
    sealInto(packet, dataHeaderBytes, this.#sendKey, nonce, header, frame);
    return accept(packet);
  }

  /**
   * Opens one DATA packet. A refused packet changes nothing.
   * @param packet as it was received; it must carry the local index
   */
  open(packet: Uint8Array, nowMs: number): Result<Opened, OpenReason> {
    const fault = packetFault(packet);
    if (fault !== undefined) return reject(fault);
    if (packet[0] !== packetType.data) return reject("not-expected");
    if (receiverOf(packet) !== this.localIndex) return reject("index");
    const counter = dataCounter(packet);
    if (areDead(nowMs - this.#bornMs, counter)) return reject("dead");
    if (!this.#window.check(counter)) return reject("replay");
    // Every field of the header was checked above, so this is a copy of it; writing it is cheaper than a view.
    writeDataHeader(header, this.localIndex, counter);
    writeUint32(nonce, nonceBytes - 4, counter);
    const frame = open(this.#receiveKey, nonce, header, packet, dataHeaderBytes);
    if (frame === undefined) return reject("tag");
    // sealed, Rekey and replay: the window moves only after the tag is verified.
    const newest = counter >= this.#window.next;
    this.#window.commit(counter);
    return accept({ frame, newest });
  }

  /** Overwrites the keys with zeros. After that nothing can be sealed or opened. */
  wipe(): void {
    // Mark the keys as dead too: otherwise a packet sealed with a key of zeros would open.
    this.#bornMs = -Infinity;
    this.#sendKey.fill(0);
    this.#receiveKey.fill(0);
  }
}
