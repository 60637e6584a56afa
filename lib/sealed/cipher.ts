// Owns ChaCha20-Poly1305 (RFC 8439) on the heap of libsodium's WebAssembly module: loading it, checking it, and the memory
// there in which packets are sealed and opened. Never decides which key or counter is used.

import type { Sodium } from "libsodium";
import { dataHeaderBytes, datagramBytesMax, keyBytes, tagBytes } from "./limits.ts";
import { writeDataHeader } from "./packet-form.ts";

/** Nonces are 4 zero bytes and a counter of 8 bytes, little-endian (Noise §12.3). */
const nonceBytes = 12;
const counterAt = 4;
/** Room for associated data: a transcript hash, a mac or the header of DATA. */
const associatedBytesMax = 64;

/** Where things are on the heap. A packet that is sealed and one that is opened have a room each. */
type Places = {
  readonly key: number;
  readonly nonce: number;
  readonly associated: number;
  readonly sealing: number;
  readonly opening: number;
};

class Cipher {
  readonly #sodium: Sodium;
  readonly #heap: Uint8Array;
  readonly #at: Places;
  /** Views of the plaintext that was opened, by its length. Each is made once: a view costs more than a short copy. */
  readonly #opened: Uint8Array[] = [];

  constructor(sodium: Sodium) {
    const sizes = [keyBytes, nonceBytes, associatedBytesMax, datagramBytesMax, datagramBytesMax];
    const start = sodium._malloc(sizes.reduce((sum, size) => sum + aligned(size), 0));
    if (start === 0) throw new Error("libsodium has no memory");
    let next = start;
    const [key, nonce, associated, sealing, opening] = sizes.map((size) => {
      const place = next;
      next += aligned(size);
      return place;
    }) as [number, number, number, number, number];
    this.#sodium = sodium;
    this.#at = { key, nonce, associated, sealing, opening };
    // Taken after the only allocation, so it stays valid: the heap grows no more.
    this.#heap = sodium.HEAPU8;
    this.#heap.fill(0, start, next);
  }

  sealPacket(key: Uint8Array, receiver: number, counter: number, plaintext: Uint8Array) {
    const heap = this.#heap;
    const { sealing } = this.#at;
    const body = sealing + dataHeaderBytes;
    writeDataHeader(heap, receiver, counter, sealing);
    heap.set(plaintext, body);
    this.#encrypt(key, counter, body, plaintext.length, sealing, dataHeaderBytes);
    return heap.slice(sealing, body + plaintext.length + tagBytes);
  }

  openPacket(key: Uint8Array, counter: number, packet: Uint8Array): Uint8Array | undefined {
    const { opening } = this.#at;
    const body = opening + dataHeaderBytes;
    this.#heap.set(packet, opening);
    const sealedLength = packet.length - dataHeaderBytes;
    if (!this.#decrypt(key, counter, body, sealedLength, opening, dataHeaderBytes)) {
      return undefined;
    }
    const length = sealedLength - tagBytes;
    return (this.#opened[length] ??= this.#heap.subarray(body, body + length));
  }

  seal(key: Uint8Array, counter: number, associated: Uint8Array, plaintext: Uint8Array) {
    const heap = this.#heap;
    const at = this.#at;
    heap.set(associated, at.associated);
    heap.set(plaintext, at.sealing);
    this.#encrypt(key, counter, at.sealing, plaintext.length, at.associated, associated.length);
    return heap.slice(at.sealing, at.sealing + plaintext.length + tagBytes);
  }

  open(key: Uint8Array, counter: number, associated: Uint8Array, sealed: Uint8Array) {
    const heap = this.#heap;
    const at = this.#at;
    heap.set(associated, at.associated);
    // Not in the room of packets: a handshake is also opened while the frames of a packet are read.
    heap.set(sealed, at.sealing);
    const { length } = sealed;
    const isValid = this.#decrypt(
      key,
      counter,
      at.sealing,
      length,
      at.associated,
      associated.length,
    );
    return isValid ? heap.slice(at.sealing, at.sealing + length - tagBytes) : undefined;
  }

  /** Encrypts in place, and appends the tag. */
  #encrypt(
    key: Uint8Array,
    counter: number,
    place: number,
    length: number,
    associated: number,
    associatedLength: number,
  ): void {
    const at = this.#begin(key, counter);
    // prettier-ignore
    this.#sodium._crypto_aead_chacha20poly1305_ietf_encrypt(
      place, 0, place, length, 0, associated, associatedLength, 0, 0, at.nonce, at.key,
    );
    this.#end();
  }

  /** Verifies the tag and decrypts in place; false if it is invalid. */
  #decrypt(
    key: Uint8Array,
    counter: number,
    place: number,
    length: number,
    associated: number,
    associatedLength: number,
  ): boolean {
    const at = this.#begin(key, counter);
    // prettier-ignore
    const failed = this.#sodium._crypto_aead_chacha20poly1305_ietf_decrypt(
      place, 0, 0, place, length, 0, associated, associatedLength, 0, at.nonce, at.key,
    );
    this.#end();
    return failed === 0;
  }

  #begin(key: Uint8Array, counter: number): Places {
    const heap = this.#heap;
    const at = this.#at;
    heap.set(key, at.key);
    writeCounter(heap, at.nonce + counterAt, counter);
    return at;
  }

  /** Leaves no key on the heap, which lives as long as the process. */
  #end(): void {
    this.#heap.fill(0, this.#at.key, this.#at.key + keyBytes);
  }
}

let cipher: Cipher | undefined;
let loading: Promise<void> | undefined;

/**
 * Loads and checks the cipher. Call it before anything is sealed or opened; further calls cost nothing.
 * @throws Error if it cannot be loaded, or computes what it must not
 */
export function loadCipher(): Promise<void> {
  loading ??= (async () => {
    const { default: instantiate } = await import("libsodium");
    const loaded = new Cipher(await instantiate());
    check(loaded);
    cipher = loaded;
  })();
  return loading;
}

/**
 * Seals the plaintext of a DATA packet.
 * @param key 32 bytes
 * @param receiver the index of the receiver
 * @param counter below 2^32, never used twice with one key
 * @param plaintext at most 1,168 bytes
 * @returns the whole packet
 */
export function sealPacket(
  key: Uint8Array,
  receiver: number,
  counter: number,
  plaintext: Uint8Array,
): Uint8Array {
  return loadedCipher().sealPacket(key, receiver, counter, plaintext);
}

/**
 * Opens a DATA packet.
 * @param key 32 bytes
 * @param counter that of its header, below 2^32
 * @param packet 32 to 1,200 bytes
 * @returns the plaintext, a view that the next call overwrites; undefined if the tag is invalid
 */
export function openPacket(
  key: Uint8Array,
  counter: number,
  packet: Uint8Array,
): Uint8Array | undefined {
  return loadedCipher().openPacket(key, counter, packet);
}

/**
 * Encrypts a part of a handshake, or a cookie.
 * @param key 32 bytes
 * @param counter below 2^32, never used twice with one key
 * @param associated at most 64 bytes
 * @param plaintext at most 1,184 bytes
 * @returns ciphertext and tag: 16 bytes more than the plaintext
 */
export function seal(
  key: Uint8Array,
  counter: number,
  associated: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  return loadedCipher().seal(key, counter, associated, plaintext);
}

/**
 * Decrypts what `seal` encrypted.
 * @param sealed ciphertext and tag, 16 to 1,200 bytes
 * @returns the plaintext, or undefined if the tag is invalid
 */
export function open(
  key: Uint8Array,
  counter: number,
  associated: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  return loadedCipher().open(key, counter, associated, sealed);
}

function loadedCipher(): Cipher {
  if (cipher === undefined) throw new Error("loadCipher was not awaited");
  return cipher;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** The counter's upper half stays zero: no key lives that long. */
function writeCounter(heap: Uint8Array, at: number, counter: number): void {
  heap[at] = counter;
  heap[at + 1] = counter >>> 8;
  heap[at + 2] = counter >>> 16;
  heap[at + 3] = counter >>> 24;
}

// Computed by OpenSSL: key 00 to 1f, counter 0x030201, associated data 40 to 4f, plaintext 80 to cf.
const knownSealed =
  "1777e1b4053297098a8a0c9cd21b390007c44ffeaca9f3a5c7a1bf6760e0b2bb1c433e2cb895620ea4219cfef3734cc1" +
  "16838021f63b731fd72b77b786c711217ed28f1b99b977559c0bf41ff977e7efd26fd9e67356321a53c0a5b51c43bda7";

/** Compares with a known result, so that a broken build or engine is found before it seals anything. */
function check(loaded: Cipher): void {
  const counted = (from: number, length: number) =>
    Uint8Array.from({ length }, (_, index) => from + index);
  const [key, counter, associated] = [counted(0, keyBytes), 0x030201, counted(0x40, 16)] as const;
  const sealed = loaded.seal(key, counter, associated, counted(0x80, 80));
  const opened = loaded.open(key, counter, associated, sealed);
  const forged = Uint8Array.from(sealed);
  forged[0]! ^= 1;
  const isRight =
    sealed.toHex() === knownSealed &&
    opened?.toHex() === counted(0x80, 80).toHex() &&
    loaded.open(key, counter, associated, forged) === undefined;
  if (!isRight) throw new Error("the cipher computes a wrong result on this system");
}
