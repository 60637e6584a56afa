// Owns cookies: the server's jar, which makes and checks them without keeping state for each address,
// and the COOKIE packet that carries one. Never decides when to ask for a cookie: the caller does.

import { open, seal } from "./cipher.ts";
import { cookieBytes, cookieSecretMs, keyBytes, saltBytes } from "./limits.ts";
import { checkMac2, cookieKey, hasMac2 } from "./macs.ts";
import type { PacketReason } from "./packet-form.ts";
import { decodePacket, encodePacket } from "./packets.ts";
import type { InitPacket } from "./packets.ts";
import { hmac } from "./primitives.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";

/** Where random bytes come from. */
export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Uint8Array;
}

/** Why a COOKIE was refused. */
export type CookieReason = PacketReason | "not-expected" | "index" | "tag";

/** The source address of an INIT, as the socket reports it. */
export interface Source {
  readonly ip: string;
  readonly port: number;
}

// Each key is derived from a fresh salt and seals one cookie, so the counter 0 is used once per key.
const onlyCounter = 0;
const text = new TextEncoder();

interface Secret {
  readonly bytes: Uint8Array;
  readonly bornMs: number;
}

/**
 * Makes and checks a server's cookies. A cookie is valid for 120 to 240 s: as long as the secret
 * that made it is the newest or the previous one.
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
   * The COOKIE that answers an INIT: 56 bytes. INIT's mac1 is its associated data, so that only a peer
   * that saw the INIT can open it.
   * @param nowMs monotonic time
   */
  answer(init: InitPacket, source: Source, nowMs: number): Uint8Array {
    const newest = this.#renew(nowMs);
    const salt = this.#random.bytes(saltBytes);
    const cookie = cookieFor(newest.bytes, source);
    const sealed = seal(cookieKey(this.#responder, salt), onlyCounter, init.mac1, cookie);
    return encodePacket({ type: "cookie", receiver: init.sender, salt, sealed });
  }

  /**
   * Whether an INIT carries a mac2 that is valid for its source address.
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
    // After a quiet period the newest secret may be too old to stay valid as the previous one.
    const recent = newest !== undefined && nowMs - newest.bornMs < 2 * cookieSecretMs;
    this.#before = recent ? newest : undefined;
    const renewed = { bytes: this.#random.bytes(keyBytes), bornMs: nowMs };
    this.#newest = renewed;
    return renewed;
  }
}

/**
 * Opens a COOKIE on the side that sent the INIT.
 * @param index the index that this side chose in that INIT
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
  const cookie = open(cookieKey(responder, packet.salt), onlyCounter, mac1, packet.sealed);
  return cookie === undefined ? reject("tag") : accept(cookie);
}

function cookieFor(secret: Uint8Array, source: Source): Uint8Array {
  // Only this server computes and checks its cookies, so any unambiguous text form of the address will do.
  return hmac(secret, text.encode(`${source.ip}\0${source.port}`)).subarray(0, cookieBytes);
}
