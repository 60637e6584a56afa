// Owns the fingerprint of a public key: how it is printed and how it is compared with what a person typed.
// Never decides which key is trusted.

import { hashBytes, keyBytes } from "./limits.ts";
import { equal, hash } from "./primitives.ts";

const label = "SHA256:";
const form = /^SHA256:([A-Za-z0-9+/]{43})=?$/;

/**
 * `SHA256:` and the base64 of the key's SHA-256 without padding, as SSH prints it.
 * @param publicKey 32 bytes
 */
export function fingerprint(publicKey: Uint8Array): string {
  if (publicKey.length !== keyBytes) throw new RangeError("A public key has 32 bytes.");
  return label + Buffer.from(hash(publicKey)).toString("base64").replace("=", "");
}

/** Whether the text has the form of a fingerprint, with or without the padding of base64. */
export function isFingerprint(text: string): boolean {
  return digestOf(text) !== undefined;
}

/**
 * Whether a text is the fingerprint of a key.
 * @param text untrusted, of any form; the padding of base64 is optional
 * @param publicKey 32 bytes
 */
export function matchesFingerprint(text: string, publicKey: Uint8Array): boolean {
  const digest = digestOf(text);
  return digest !== undefined && equal(digest, hash(publicKey));
}

function digestOf(text: string): Uint8Array | undefined {
  const base64 = form.exec(text)?.[1];
  if (base64 === undefined) return undefined;
  const digest = Buffer.from(base64, "base64");
  return digest.length === hashBytes ? digest : undefined;
}
