// Owns one session's keys, counters and replay window: frames become DATA packets and back.
// Never reads a frame, keeps a clock or knows an address; the caller passes the time in.

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
import { dataCounter, packetFault, packetType, receiverOf, writeDataHeader } from "./packets.ts";
import type { PacketReason } from "./packets.ts";
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
  /** Whether its counter is higher than any before: only then may the address move. */
  readonly newest: boolean;
}

// Everything here is synchronous, and the cipher copies its nonce when it is made: one buffer
// serves every session. Counters stay below 2^24, so only its last 4 bytes ever change.
const nonce = new Uint8Array(nonceBytes);

/** The keys of one finished handshake at work. Times are monotonic, in ms. */
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

  /**
   * Whether the other side has shown that it holds the keys: the initiator knows from the RESP,
   * the responder from the first valid DATA. Before that an INIT may have been a replay.
   */
  get confirmed(): boolean {
    return this.initiator || this.#window.next > 0;
  }

  /** Whether the client shall make new keys: after 15 minutes or 2^20 messages either way. */
  needsRekey(nowMs: number): boolean {
    const messages = Math.max(this.#sent, this.#window.next);
    return nowMs - this.#bornMs >= rekeyAfterMs || messages >= rekeyAfterMessages;
  }

  /** Whether the keys seal nothing more: after 30 minutes or 2^24 messages sent. */
  isDead(nowMs: number): boolean {
    return nowMs - this.#bornMs >= deadAfterMs || this.#sent >= deadAfterMessages;
  }

  /**
   * Seals one frame into a DATA packet of 32 bytes more.
   * @param frame a multiple of 16 bytes, at most 1,168
   * @returns the packet, or `dead`: the keys are too old or used up
   */
  seal(frame: Uint8Array, nowMs: number): Result<Uint8Array, "dead"> {
    if (this.isDead(nowMs)) return reject("dead");
    const counter = this.#sent++;
    const packet = Buffer.allocUnsafeSlow(dataHeaderBytes + frame.length + tagBytes);
    writeDataHeader(packet, this.remoteIndex, counter);
    writeUint32(nonce, nonceBytes - 4, counter);
    const header = packet.subarray(0, dataHeaderBytes);
    sealInto(packet, dataHeaderBytes, this.#sendKey, nonce, header, frame);
    return accept(packet);
  }

  /**
   * Opens one DATA packet. One that is refused changes nothing.
   * @param packet as it came in, bearing our index
   */
  open(packet: Uint8Array, nowMs: number): Result<Opened, OpenReason> {
    const fault = packetFault(packet);
    if (fault !== undefined) return reject(fault);
    if (packet[0] !== packetType.data) return reject("not-expected");
    if (receiverOf(packet) !== this.localIndex) return reject("index");
    if (nowMs - this.#bornMs >= deadAfterMs) return reject("dead");
    const counter = dataCounter(packet);
    if (!this.#window.check(counter)) return reject("replay");
    writeUint32(nonce, nonceBytes - 4, counter);
    const header = packet.subarray(0, dataHeaderBytes);
    const frame = open(this.#receiveKey, nonce, header, packet.subarray(dataHeaderBytes));
    if (frame === undefined) return reject("tag");
    // sealed, Rekey and replay: the window moves only after the tag verified.
    const newest = counter >= this.#window.next;
    this.#window.commit(counter);
    return accept({ frame, newest });
  }

  /** Overwrites the keys. Nothing is sealed or opened afterwards. */
  wipe(): void {
    // Dead first: whoever guesses a key of zeros must find nothing that opens.
    this.#bornMs = -Infinity;
    this.#sendKey.fill(0);
    this.#receiveKey.fill(0);
  }
}
