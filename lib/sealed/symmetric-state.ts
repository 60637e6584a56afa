// Owns Noise's symmetric state (Noise §5.2): chaining key, transcript hash and the cipher in use.
// Never knows which message it serves, nor any Diffie-Hellman key.

import { hashBytes, tagBytes } from "./limits.ts";
import { hash, hkdf, open, sealInto } from "./primitives.ts";

const empty = new Uint8Array(0);

/** Nonce bytes of Noise's AESGCM: 4 zero bytes and the counter, big-endian (Noise §12.4). */
export const nonceBytes = 12;

/** The symmetric state of one handshake. */
export class SymmetricState {
  #chainingKey: Uint8Array;
  #transcript: Uint8Array;
  #key: Uint8Array | undefined;
  #nonce = 0;

  private constructor(chainingKey: Uint8Array, transcript: Uint8Array) {
    this.#chainingKey = chainingKey;
    this.#transcript = transcript;
  }

  /** InitializeSymmetric: names up to 32 bytes are padded with zeros, longer ones hashed. */
  static start(protocolName: string): SymmetricState {
    const name = new TextEncoder().encode(protocolName);
    const start = new Uint8Array(hashBytes);
    if (name.length <= hashBytes) start.set(name);
    else start.set(hash(name));
    return new SymmetricState(start, start);
  }

  /** A second state that goes its own way: a forged message must not spoil the first. */
  fork(): SymmetricState {
    const copy = new SymmetricState(this.#chainingKey, this.#transcript);
    copy.#key = this.#key;
    copy.#nonce = this.#nonce;
    return copy;
  }

  /** The transcript hash so far; after the last message the handshake hash, 32 bytes. */
  get transcript(): Uint8Array {
    return this.#transcript;
  }

  /** MixKey. */
  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, material, 2) as [Uint8Array, Uint8Array];
    this.#chainingKey = chainingKey;
    this.#key = key;
    this.#nonce = 0;
  }

  /** MixHash. */
  mixHash(data: Uint8Array): void {
    this.#transcript = hash(this.#transcript, data);
  }

  /** MixKeyAndHash, for a pre-shared key (Noise §9.2). */
  mixKeyAndHash(material: Uint8Array): void {
    const [chainingKey, extra, key] = hkdf(this.#chainingKey, material, 3) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    this.#chainingKey = chainingKey;
    this.mixHash(extra);
    this.#key = key;
    this.#nonce = 0;
  }

  /** EncryptAndHash: the plaintext's length and 16 bytes more. A key must be there. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + tagBytes);
    sealInto(sealed, 0, this.#keyInUse(), this.#nextNonce(), this.#transcript, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** DecryptAndHash: undefined where it is too short or the tag does not fit. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < tagBytes) return undefined;
    const plaintext = open(this.#keyInUse(), this.#nextNonce(), this.#transcript, sealed);
    if (plaintext !== undefined) this.mixHash(sealed);
    return plaintext;
  }

  /** Split: the initiator's sending key, then the responder's. */
  split(): [Uint8Array, Uint8Array] {
    return hkdf(this.#chainingKey, empty, 2) as [Uint8Array, Uint8Array];
  }

  #keyInUse(): Uint8Array {
    if (this.#key === undefined) throw new Error("IK encrypts nothing before its first MixKey.");
    return this.#key;
  }

  #nextNonce(): Uint8Array {
    const nonce = new Uint8Array(nonceBytes);
    // A handshake encrypts at most twice under one key: the low byte is the whole counter.
    nonce[nonceBytes - 1] = this.#nonce++;
    return nonce;
  }
}
