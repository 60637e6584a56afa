// The part of libsodium's raw module that this folder calls; the package ships no types of its own.

declare module "libsodium" {
  /** Addresses are byte offsets in HEAPU8. A 64-bit argument is passed as two halves, the lower one first. */
  export type Sodium = {
    /** Replaced by a new view when the heap grows. */
    readonly HEAPU8: Uint8Array;
    /** Allocates `bytes` on the heap; 0 if there is no room. */
    _malloc(bytes: number): number;
    /** Returns 0. The ciphertext and its 16-byte tag go to `sealed`, which may be where the plaintext is. */
    _crypto_aead_chacha20poly1305_ietf_encrypt(
      sealed: number,
      sealedLengthAt: 0,
      plaintext: number,
      length: number,
      lengthHigh: 0,
      associated: number,
      associatedLength: number,
      associatedLengthHigh: 0,
      unused: 0,
      nonce: number,
      key: number,
    ): number;
    /** Returns 0, or -1 if the tag is invalid. The plaintext goes to `plaintext`, which may be where the ciphertext is. */
    _crypto_aead_chacha20poly1305_ietf_decrypt(
      plaintext: number,
      plaintextLengthAt: 0,
      unused: 0,
      sealed: number,
      sealedLength: number,
      sealedLengthHigh: 0,
      associated: number,
      associatedLength: number,
      associatedLengthHigh: 0,
      nonce: number,
      key: number,
    ): number;
  };
  /** Instantiates the WebAssembly module that the package contains. */
  export default function instantiate(): Promise<Sodium>;
}
