// Who is logged in: the admin token, one-time links, cookies. Keeps hashes only, compares in constant time, forgets.
// Reads no request and no file.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { KeyedBuckets, TokenBucket } from "../server/token-bucket.ts";

/** Cookies that are valid at once; the longest unused goes first. */
export const loginsMax = 64;
/** A cookie that is not used for this long is forgotten, ms. */
const idleMs = 12 * 3_600_000;
const linksMax = 16;
const linkMs = 5 * 60_000;
/** Wrong tokens a source: a burst, then one each ten seconds; and in all. */
const wrongBurst = 5;
const wrongPerSecond = 0.1;
const wrongPerSecondInAll = 20;
const sourcesMax = 4_096;

export type Attempt = "accepted" | "refused" | "too-many";

export class Logins {
  readonly #token: Buffer;
  /** Hash of a cookie → last used, in the order of use. */
  readonly #cookies = new Map<string, number>();
  /** Hash of a link's code → made at. */
  readonly #links = new Map<string, number>();
  readonly #attempts = new KeyedBuckets(wrongPerSecond, wrongBurst, sourcesMax);
  readonly #attemptsInAll: TokenBucket;
  readonly #shut = new Map<string, number>();

  /** @param now ms since 1970 */
  constructor(
    token: string,
    private readonly now: () => number,
  ) {
    this.#token = sha256(token);
    this.#attemptsInAll = new TokenBucket(wrongPerSecondInAll, wrongPerSecondInAll, now());
  }

  /** Tries a token; wrong ones are limited by source and in all. A right one is never refused for others' wrong ones. */
  tryToken(token: string, source: string): Attempt {
    return this.#try(() => timingSafeEqual(sha256(token), this.#token), source);
  }

  /** Tries the code of a one-time link; it is used up. */
  tryLink(code: string, source: string): Attempt {
    return this.#try(() => {
      const key = sha256(code).toString("hex");
      const made = this.#links.get(key);
      this.#links.delete(key);
      return made !== undefined && this.now() - made <= linkMs;
    }, source);
  }

  /** A code for a one-time link, valid for five minutes. */
  newLink(): string {
    const code = randomBytes(24).toString("base64url");
    this.#links.set(sha256(code).toString("hex"), this.now());
    forgetFirst(this.#links, linksMax);
    return code;
  }

  /** The value of a new cookie. */
  newCookie(): string {
    const cookie = randomBytes(32).toString("base64url");
    this.#cookies.set(sha256(cookie).toString("hex"), this.now());
    forgetFirst(this.#cookies, loginsMax);
    return cookie;
  }

  /** Whether a cookie is one of ours; using it keeps it. The map is over hashes, so its timing tells nothing. */
  hasCookie(cookie: string): boolean {
    const key = sha256(cookie).toString("hex");
    const used = this.#cookies.get(key);
    if (used === undefined) return false;
    this.#cookies.delete(key);
    if (this.now() - used > idleMs) return false;
    this.#cookies.set(key, this.now());
    return true;
  }

  forgetCookie(cookie: string): void {
    this.#cookies.delete(sha256(cookie).toString("hex"));
  }

  #try(fits: () => boolean, source: string): Attempt {
    const now = this.now();
    const shutUntil = this.#shut.get(source) ?? 0;
    if (shutUntil > now) return "too-many";
    this.#shut.delete(source);
    if (fits()) return "accepted";
    if (this.#attempts.take(source, now) && this.#attemptsInAll.take(now)) return "refused";
    this.#shut.set(source, now + 1000 / wrongPerSecond);
    forgetFirst(this.#shut, sourcesMax);
    return "too-many";
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Removes the oldest entries past a size. */
function forgetFirst(map: Map<string, number>, sizeMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(key);
  }
}
