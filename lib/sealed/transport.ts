// Owns one session's keys, counters and replay window: seals plaintext into DATA packets and opens them.
// Never parses a frame, reads a clock or knows an address: the caller passes the time in.

import { openPacket, sealPacket } from "./cipher.ts";
import type { Established } from "./handshake.ts";
import { deadAfterMessages, deadAfterMs, rekeyAfterMessages, rekeyAfterMs } from "./limits.ts";
import { dataCounter, packetFault, packetType, receiverOf } from "./packet-form.ts";
import type { PacketReason } from "./packet-form.ts";
import { ReplayWindow } from "./replay.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";

/** Why a DATA packet was refused. */
export type OpenReason = PacketReason | "not-expected" | "index" | "dead" | "replay" | "tag";

/** A DATA packet that was opened. */
export interface Opened {
  /** Its frames with their padding: a view that the next packet overwrites. */
  readonly plaintext: Uint8Array;
  /** Whether its counter is higher than any before: only then may the peer's address change (sealed, Roaming). */
  readonly newest: boolean;
}

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
   * Seals frames into a DATA packet, which is 32 bytes longer.
   * @param plaintext a multiple of 16 bytes, at most 1,168
   * @returns the packet, or `dead`: the keys are too old or used up
   */
  seal(plaintext: Uint8Array, nowMs: number): Result<Uint8Array, "dead"> {
    if (this.isDead(nowMs)) return reject("dead");
    return accept(sealPacket(this.#sendKey, this.remoteIndex, this.#sent++, plaintext));
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
    const plaintext = openPacket(this.#receiveKey, counter, packet);
    if (plaintext === undefined) return reject("tag");
    // sealed, Rekey and replay: the window moves only after the tag is verified.
    const newest = counter >= this.#window.next;
    this.#window.commit(counter);
    return accept({ plaintext, newest });
  }

  /** Overwrites the keys with zeros. After that nothing can be sealed or opened. */
  wipe(): void {
    // Mark the keys as dead too: otherwise a packet sealed with a key of zeros would open.
    this.#bornMs = -Infinity;
    this.#sendKey.fill(0);
    this.#receiveKey.fill(0);
  }
}
