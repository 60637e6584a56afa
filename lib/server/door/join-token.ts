// Join tokens as text: `join-` and 26 characters, which a device has in front of its own password, `<token>.<own secret>`. Makes
// and reads them. Keeps none.

import { hash } from "../../sealed/primitives.ts";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const prefix = "join-";
const chars = 26;
/** 26 characters have 130 bits: the upper two of them are 0. */
export const tokenBytes = 16;
const form = new RegExp(`^${prefix}([0-9a-z]{${chars}})(?:\\.|$)`, "i");

/** The token of some random bytes. @param random `tokenBytes` of them, unpredictable */
export function tokenOf(random: Uint8Array): string {
  let rest = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = "";
  for (let i = 0; i < chars; i++, rest >>= 5n) text = alphabet.charAt(Number(rest & 31n)) + text;
  return prefix + text;
}

/**
 * The token that a password begins with, as it was made: who types one may write capitals, o for 0, i and l for 1.
 * @returns null if the password has not the form of one with a token
 */
export function tokenIn(password: string): string | null {
  const written = form.exec(password)?.[1]?.toLowerCase();
  if (written === undefined) return null;
  return prefix + written.replaceAll("o", "0").replaceAll(/[il]/g, "1");
}

/** Whether a password has something of its own behind its token: else all devices of a token had the same. */
export function hasOwnSecret(password: string): boolean {
  return password.length > prefix.length + chars + 1;
}

/** What is stored of a token: its SHA-256. It has 128 random bits, so it cannot be guessed from that. */
export function tokenHash(token: string): Uint8Array {
  return hash(Buffer.from(token));
}
