// Owns mac1 and mac2, the last 32 bytes of INIT and RESP. mac1 shows that the sender knows the responder's public
// key; mac2 shows that the sender receives at its address. Neither authenticates the sender.

import { isZero } from "./bytes.ts";
import { macBytes } from "./limits.ts";
import { equal, hash, hmac } from "./primitives.ts";

const text = new TextEncoder();
const mac1Label = text.encode("mac1----");
const cookieLabel = text.encode("cookie--");

/** The key of mac1, 32 bytes: SHA256("mac1----" ‖ responder's public key). */
export function mac1Key(responder: Uint8Array): Uint8Array {
  return hash(mac1Label, responder);
}

/** The key that encrypts one cookie inside COOKIE, 32 bytes. The salt has 16 bytes and is fresh for each. */
export function cookieKey(responder: Uint8Array, salt: Uint8Array): Uint8Array {
  return hmac(hash(cookieLabel, responder), salt);
}

/**
 * Writes mac1 and mac2 into an INIT or RESP.
 * @param key of mac1, 32 bytes
 * @param cookie 16 bytes; without one, mac2 is zeros
 */
export function writeMacs(packet: Uint8Array, key: Uint8Array, cookie?: Uint8Array): void {
  const mac2At = packet.length - macBytes;
  packet.set(mac(key, packet.subarray(0, mac2At - macBytes)), mac2At - macBytes);
  if (cookie === undefined) packet.fill(0, mac2At);
  else packet.set(mac(cookie, packet.subarray(0, mac2At)), mac2At);
}

/** Whether mac1 of an INIT or RESP is valid under the key of mac1, 32 bytes. */
export function checkMac1(packet: Uint8Array, key: Uint8Array): boolean {
  const mac1At = packet.length - 2 * macBytes;
  const mac1 = packet.subarray(mac1At, mac1At + macBytes);
  return equal(mac1, mac(key, packet.subarray(0, mac1At)));
}

/** Whether mac2 of an INIT is valid under the cookie, 16 bytes. */
export function checkMac2(packet: Uint8Array, cookie: Uint8Array): boolean {
  const mac2At = packet.length - macBytes;
  return equal(packet.subarray(mac2At), mac(cookie, packet.subarray(0, mac2At)));
}

/** Whether an INIT has a mac2 at all, that is, one that is not zeros. */
export function hasMac2(packet: Uint8Array): boolean {
  return !isZero(packet, packet.length - macBytes, packet.length);
}

function mac(key: Uint8Array, covered: Uint8Array): Uint8Array {
  return hmac(key, covered).subarray(0, macBytes);
}
