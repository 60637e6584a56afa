// Owns key agreement, hashes and signatures on raw bytes, implemented with node:crypto; the cipher is in cipher.ts.
// Never decides what is signed, hashed or compared, and never generates random bytes.

import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { hashBytes, keyBytes } from "./limits.ts";

/** An imported private key and its public key, 32 bytes. Importing is slow: do it once and keep the pair. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

// RFC 8410: the fixed DER bytes in front of a key's 32 bytes. node:crypto accepts no raw keys.
const x25519PrivatePrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const x25519PublicPrefix = Buffer.from("302a300506032b656e032100", "hex");
const ed25519PrivatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const ed25519PublicPrefix = Buffer.from("302a300506032b6570032100", "hex");

const noInfo = new Uint8Array(0);

/**
 * X25519 key pair (RFC 7748).
 * @param secret 32 random bytes; any other length is a RangeError
 */
export function x25519KeyPair(secret: Uint8Array): KeyPair {
  return keyPair(x25519PrivatePrefix, secret);
}

/**
 * Ed25519 key pair (RFC 8032).
 * @param seed 32 random bytes; any other length is a RangeError
 */
export function ed25519KeyPair(seed: Uint8Array): KeyPair {
  return keyPair(ed25519PrivatePrefix, seed);
}

/**
 * X25519 key agreement (RFC 7748 §6.1).
 * @param publicKey 32 bytes, untrusted
 * @returns 32 bytes, or undefined if they would be all zero: then the public key is of small order, and
 *   anybody could compute the secret
 */
export function dh(pair: KeyPair, publicKey: Uint8Array): Uint8Array | undefined {
  try {
    return diffieHellman({
      privateKey: pair.privateKey,
      publicKey: importPublic(x25519PublicPrefix, publicKey),
    });
  } catch {
    return undefined;
  }
}

/** SHA-256 of the concatenated parts: 32 bytes. */
export function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash("sha256");
  for (const part of parts) state.update(part);
  return state.digest();
}

/** HMAC-SHA256 of the concatenated parts: 32 bytes (RFC 2104). */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHmac("sha256", key);
  for (const part of parts) state.update(part);
  return state.digest();
}

/**
 * Noise's HKDF (Noise §4.3), which is RFC 5869 with the chaining key as salt and no info.
 * @param count 2 or 3 outputs
 * @returns the outputs, 32 bytes each
 */
export function hkdf(chainingKey: Uint8Array, material: Uint8Array, count: 2 | 3): Uint8Array[] {
  const whole = new Uint8Array(
    hkdfSync("sha256", material, chainingKey, noInfo, count * hashBytes),
  );
  // slice copies, so that a key keeps 32 bytes alive and not the whole buffer.
  return Array.from({ length: count }, (_, index) =>
    whole.slice(index * hashBytes, (index + 1) * hashBytes),
  );
}

/** Whether the two are equal. Constant time: the duration depends on the lengths only. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Ed25519 signature: 64 bytes (RFC 8032). */
export function signEd25519(pair: KeyPair, message: Uint8Array): Uint8Array {
  return sign(null, message, pair.privateKey);
}

/** Whether an Ed25519 signature is valid (RFC 8032). A malformed key or signature counts as invalid. */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verify(null, message, importPublic(ed25519PublicPrefix, publicKey), signature);
  } catch {
    return false;
  }
}

function keyPair(prefix: Uint8Array, secret: Uint8Array): KeyPair {
  if (secret.length !== keyBytes) throw new RangeError("A private key has 32 bytes.");
  const key = Buffer.concat([prefix, secret]);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  key.fill(0);
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return { publicKey: new Uint8Array(spki.subarray(-keyBytes)), privateKey };
}

function importPublic(prefix: Uint8Array, publicKey: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([prefix, publicKey]),
    format: "der",
    type: "spki",
  });
}
