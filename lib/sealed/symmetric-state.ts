// Owns Noise's symmetric state (Noise §5.2): chaining key, transcript hash, and cipher key with its nonce.
// Never knows which message it serves or which keys were agreed.

import { open, seal } from "./cipher.ts";
import { hashBytes, tagBytes } from "./limits.ts";
import { hash, hkdf } from "./primitives.ts";

const empty = new Uint8Array(0);

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

  /** An independent copy. Try a message on a copy, so that a forged one does not change this state. */
  fork(): SymmetricState {
    const copy = new SymmetricState(this.#chainingKey, this.#transcript);
    copy.#key = this.#key;
    copy.#nonce = this.#nonce;
    return copy;
  }

  /** The transcript hash so far, 32 bytes; after the last message it is the handshake hash. */
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

  /** EncryptAndHash: returns the plaintext's length + 16 bytes. Needs an earlier mixKey. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = seal(this.#keyInUse(), this.#nonce++, this.#transcript, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** DecryptAndHash: undefined if `sealed` is too short or its tag is invalid. Needs an earlier mixKey. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < tagBytes) return undefined;
    const plaintext = open(this.#keyInUse(), this.#nonce++, this.#transcript, sealed);
    if (plaintext !== undefined) this.mixHash(sealed);
    return plaintext;
  }

  /** Split: the key for messages of the initiator, then the key for messages of the responder. */
  split(): [Uint8Array, Uint8Array] {
    return hkdf(this.#chainingKey, empty, 2) as [Uint8Array, Uint8Array];
  }

  #keyInUse(): Uint8Array {
    if (this.#key === undefined) throw new Error("IK encrypts nothing before its first MixKey.");
    return this.#key;
  }
}
