// Receives and sends many datagrams with one system call: recvmmsg and sendmmsg on the descriptor of a socket that Bun
// owns, with buffers that are allocated once. Linux only. Datagrams that it cannot handle are left to Bun's socket.

import { type Library, type Pointer, ptr } from "bun:ffi";
import type { Outgoing } from "../../protocol/messages.ts";
import { openLibc } from "../libc.ts";
import { addressWords, KnownPeer, type Peer, type PeerTable } from "./peers.ts";

/** Datagrams received with one call. Bun's socket delivers what remains. */
const inSlots = 512;
/** More than any message has. An odd number of cache lines, so that the slots do not map to the same few cache sets. */
const inSlotBytes = 33 * 64;
/** The rest of the longest UDP datagram. Only a datagram that is longer than its slot touches this memory. */
const inOverflowBytes = 65_536 - inSlotBytes;
const outSlots = 256;
const outSlotBytes = 65 * 64;
/** A text of this many UTF-16 units fits into a slot: each takes at most 3 bytes in UTF-8. */
const outCharactersMax = outSlotBytes / 3;
/** Room for the texts of a batch in a row. */
const textsBytes = outSlots * 512;
/** Texts of this many UTF-16 units together fit there in any case. */
const textsCharactersMax = textsBytes / 3;

const sendDontWait = 0x40;
const receiveDontWait = 0x40;

const signatures = {
  recvmmsg: { args: ["i32", "ptr", "u32", "i32", "ptr"], returns: "i32" },
  sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" },
} as const;

/**
 * Buffers for `count` datagrams in the layout of 64-bit Linux: a `mmsghdr`, two `iovec` and a `sockaddr` for each. The
 * kernel gets only addresses, so the caller must hold a reference to this object during a system call.
 */
class Slots {
  readonly bytes: Buffer;
  readonly #overflow: Buffer;
  /** The `sockaddr` of each slot, `addressWords` long. */
  readonly addresses: Int32Array;
  readonly #headers: Uint32Array;
  readonly #parts: Uint32Array;
  readonly #headersAt: number;

  constructor(
    readonly count: number,
    private readonly slotBytes: number,
    private readonly overflowBytes: number,
    addressBytes: number,
  ) {
    // Each array has its own ArrayBuffer: the garbage collector may move the memory of a small array without one.
    this.bytes = Buffer.from(new ArrayBuffer(count * slotBytes));
    this.#overflow = Buffer.from(new ArrayBuffer(count * overflowBytes));
    this.addresses = new Int32Array(new ArrayBuffer(count * addressWords * 4));
    this.#headers = new Uint32Array(new ArrayBuffer(count * headerWords * 4));
    this.#parts = new Uint32Array(new ArrayBuffer(count * partWords * 4));
    this.#headersAt = ptr(this.#headers);
    const [bytesAt, addressesAt] = [ptr(this.bytes), ptr(this.addresses)];
    const partsAt = ptr(this.#parts);
    const overflowAt = overflowBytes === 0 ? 0 : ptr(this.#overflow);
    for (let slot = 0; slot < count; slot++) {
      const parts = slot * partWords;
      writePointer(this.#parts, parts, bytesAt + slot * slotBytes);
      this.#parts[parts + 2] = slotBytes;
      writePointer(this.#parts, parts + 4, overflowAt + slot * overflowBytes);
      this.#parts[parts + 6] = overflowBytes;
      const header = slot * headerWords;
      writePointer(this.#headers, header, addressesAt + slot * addressWords * 4);
      this.#headers[header + 2] = addressBytes;
      writePointer(this.#headers, header + 4, partsAt + parts * 4);
      this.#headers[header + 6] = overflowBytes === 0 ? 1 : 2;
    }
  }

  /** The address of the `mmsghdr` of this slot; those of the next slots follow it. */
  headerAt(slot: number): Pointer {
    return (this.#headersAt + slot * headerWords * 4) as Pointer;
  }

  /** The datagram that the kernel wrote: a view of the slot, or a copy if the datagram is longer than the slot. */
  received(slot: number): Uint8Array {
    const length = this.#headers[slot * headerWords + 14] as number;
    const start = slot * this.slotBytes;
    if (length <= this.slotBytes) return this.bytes.subarray(start, start + length);
    const rest = slot * this.overflowBytes;
    return Buffer.concat([
      this.bytes.subarray(start, start + this.slotBytes),
      this.#overflow.subarray(rest, rest + length - this.slotBytes),
    ]);
  }

  /** Sends what is at an address of memory. @param length bytes */
  point(slot: number, pointer: number, length: number): void {
    const parts = slot * partWords;
    writePointer(this.#parts, parts, pointer);
    this.#parts[parts + 2] = length;
  }
}

/** `struct mmsghdr` is 64 bytes, two `struct iovec` are 32. */
const headerWords = 16;
const partWords = 8;

function writePointer(words: Uint32Array, at: number, pointer: number): void {
  words[at] = pointer % 2 ** 32;
  words[at + 1] = Math.floor(pointer / 2 ** 32);
}

export class BulkSocket {
  readonly #in: Slots;
  readonly #out: Slots;
  /** The texts of a batch, in a row: to encode them with one call costs half of what it costs one by one. */
  readonly #texts = Buffer.from(new ArrayBuffer(textsBytes));
  readonly #textsAt = ptr(this.#texts);
  readonly #outAt: number;

  private constructor(
    private readonly symbols: Library<typeof signatures>["symbols"],
    private readonly fd: number,
    private readonly peers: PeerTable,
    isIpv6: boolean,
  ) {
    const addressBytes = isIpv6 ? 28 : 16;
    this.#in = new Slots(inSlots, inSlotBytes, inOverflowBytes, addressBytes);
    this.#out = new Slots(outSlots, outSlotBytes, 0, addressBytes);
    this.#outAt = ptr(this.#out.bytes);
  }

  /**
   * Uses the descriptor of a bound socket. Null if this system does not have these system calls.
   * @param isIpv6 whether it is an IPv6 socket
   * @param peers the senders, shared with Bun's handler
   */
  static on(fd: number, isIpv6: boolean, peers: PeerTable): BulkSocket | null {
    const isKnown = process.arch === "x64" || process.arch === "arm64";
    if (process.platform !== "linux" || !isKnown || fd < 0) return null;
    const library = openLibc(signatures);
    return library === null ? null : new BulkSocket(library.symbols, fd, peers, isIpv6);
  }

  /**
   * Receives the datagrams that wait in the kernel, up to 512, in the order of arrival. Does not block.
   * @param onDatagram gets a view that the next call overwrites
   */
  receive(onDatagram: (bytes: Uint8Array, peer: Peer) => void): void {
    const slots = this.#in;
    const count = this.symbols.recvmmsg(this.fd, slots.headerAt(0), inSlots, receiveDontWait, null);
    for (let slot = 0; slot < count; slot++) {
      const peer = this.peers.at(slots.addresses, slot * addressWords);
      onDatagram(slots.received(slot), peer);
    }
  }

  /**
   * Sends datagrams from index `from` on, in order. Stops at the first that it cannot send: its address is not known in
   * the kernel's form, it is too long, or the kernel did not accept it.
   * @returns the index of that one; the length of the batch if all were sent
   */
  send(batch: readonly Outgoing[], from: number): number {
    for (let first = from; first < batch.length;) {
      const count = this.#fill(batch, first);
      const sent =
        count === 0
          ? 0
          : this.symbols.sendmmsg(this.fd, this.#out.headerAt(0), count, sendDontWait);
      first += Math.max(sent, 0);
      if (sent < count || count === 0) return first;
    }
    return batch.length;
  }

  /** Copies datagrams from index `first` on for the next call; returns how many. */
  #fill(batch: readonly Outgoing[], first: number): number {
    const { addresses } = this.#out;
    const countMax = Math.min(outSlots, batch.length - first);
    let texts = "";
    let count = 0;
    for (; count < countMax; count++) {
      const { payload, to } = batch[first + count] as Outgoing;
      if (!(to instanceof KnownPeer) || payload.length > outCharactersMax) break;
      if (typeof payload === "string") {
        this.#out.point(count, this.#textsAt + texts.length, payload.length);
        texts += payload;
      } else {
        this.#copy(count, payload);
      }
      to.writeTo(addresses, count * addressWords);
    }
    // As many bytes as UTF-16 units: all of them are ASCII. Else the place of each text is not known.
    const isInRow = texts.length <= textsCharactersMax && this.#texts.write(texts) === texts.length;
    if (!isInRow) this.#copyTexts(batch, first, count);
    return count;
  }

  /** Copies each text into its own slot. */
  #copyTexts(batch: readonly Outgoing[], first: number, count: number): void {
    for (let slot = 0; slot < count; slot++) {
      const { payload } = batch[first + slot] as Outgoing;
      if (typeof payload === "string") this.#copy(slot, payload);
    }
  }

  /** Copies one datagram into its slot. */
  #copy(slot: number, payload: string | Uint8Array): void {
    const { bytes } = this.#out;
    const start = slot * outSlotBytes;
    let { length } = payload;
    if (typeof payload === "string") length = bytes.write(payload, start);
    else bytes.set(payload, start);
    this.#out.point(slot, this.#outAt + start, length);
  }
}
