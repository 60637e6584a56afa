// Owns cookies: the server's jar, which makes and checks them without a state for each address,
// and the COOKIE packet that carries one. Never decides when a cookie is due: the caller does.

import { cookieBytes, cookieSecretMs, keyBytes, saltBytes, tagBytes } from "./limits.ts";
import { checkMac2, cookieKey, hasMac2 } from "./macs.ts";
import type { PacketReason } from "./packet-form.ts";
import { decodePacket, encodePacket } from "./packets.ts";
import type { InitPacket } from "./packets.ts";
import { hmac, open, sealInto } from "./primitives.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";
import { nonceBytes } from "./symmetric-state.ts";

/** Where random bytes come from. */
export interface Random {
  /** `count` bytes that nobody can foretell. */
  bytes(count: number): Uint8Array;
}

/** Why a COOKIE was refused. */
export type CookieReason = PacketReason | "not-expected" | "index" | "tag";

/** Where an INIT came from, as the socket tells it. */
export interface Source {
  readonly ip: string;
  readonly port: number;
}

// The key is made for one salt and seals one cookie: a nonce of zeros is used once.
const onceNonce = new Uint8Array(nonceBytes);
const text = new TextEncoder();

interface Secret {
  readonly bytes: Uint8Array;
  readonly bornMs: number;
}

/**
 * A server's cookies. A cookie is good for 120 to 240 s: while the secret that made it is the
 * newest or the one before.
 */
export class CookieJar {
  readonly #responder: Uint8Array;
  readonly #random: Random;
  #newest: Secret | undefined;
  #before: Secret | undefined;

  /** @param responder the server's static public key, 32 bytes */
  constructor(responder: Uint8Array, random: Random) {
    this.#responder = responder;
    this.#random = random;
  }

  /**
   * The COOKIE that answers an INIT, 56 bytes, sealed so that only who saw the INIT can use it.
   * @param nowMs monotonic time
   */
  answer(init: InitPacket, source: Source, nowMs: number): Uint8Array {
    const newest = this.#renew(nowMs);
    const salt = this.#random.bytes(saltBytes);
    const sealed = new Uint8Array(cookieBytes + tagBytes);
    const cookie = cookieFor(newest.bytes, source);
    sealInto(sealed, 0, cookieKey(this.#responder, salt), onceNonce, init.mac1, cookie);
    return encodePacket({ type: "cookie", receiver: init.sender, salt, sealed });
  }

  /**
   * Whether an INIT bears a valid mac2 for where it came from.
   * @param bytes the whole INIT, 148 bytes
   * @param nowMs monotonic time
   */
  check(bytes: Uint8Array, source: Source, nowMs: number): boolean {
    if (!hasMac2(bytes)) return false;
    const newest = this.#renew(nowMs);
    if (checkMac2(bytes, cookieFor(newest.bytes, source))) return true;
    const before = this.#before;
    return before !== undefined && checkMac2(bytes, cookieFor(before.bytes, source));
  }

  #renew(nowMs: number): Secret {
    const newest = this.#newest;
    if (newest !== undefined && nowMs - newest.bornMs < cookieSecretMs) return newest;
    // After a quiet time the last secret is too old to be the one before.
    const recent = newest !== undefined && nowMs - newest.bornMs < 2 * cookieSecretMs;
    this.#before = recent ? newest : undefined;
    const renewed = { bytes: this.#random.bytes(keyBytes), bornMs: nowMs };
    this.#newest = renewed;
    return renewed;
  }
}

/**
 * Opens a COOKIE on the side that sent the INIT.
 * @param index our index in that INIT
 * @param responder the server's static public key, 32 bytes
 * @param mac1 mac1 of that INIT, 16 bytes
 * @returns the cookie, 16 bytes
 */
export function openCookie(
  bytes: Uint8Array,
  index: number,
  responder: Uint8Array,
  mac1: Uint8Array,
): Result<Uint8Array, CookieReason> {
  const decoded = decodePacket(bytes);
  if (!decoded.ok) return decoded;
  const packet = decoded.value;
  if (packet.type !== "cookie") return reject("not-expected");
  if (packet.receiver !== index) return reject("index");
  const cookie = open(cookieKey(responder, packet.salt), onceNonce, mac1, packet.sealed);
  return cookie === undefined ? reject("tag") : accept(cookie);
}

function cookieFor(secret: Uint8Array, source: Source): Uint8Array {
  // Only who made a cookie ever reads it, so the form of the address is the server's own.
  return hmac(secret, text.encode(`${source.ip}\0${source.port}`)).subarray(0, cookieBytes);
}
