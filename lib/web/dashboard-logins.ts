// Owns logins: the admin token, one-time links, cookies. Stores only hashes of them, compares in constant time, and
// bounds every table. Never reads a request or a file.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../bounded-map.ts";
import { KeyedBuckets } from "../token-bucket.ts";

/** How many cookies are valid at once; the least recently used is dropped first. */
const loginsMax = 64;
/** A cookie expires after this time without use, ms. */
const idleMs = 12 * 3_600_000;
const linksMax = 16;
const linkMs = 5 * 60_000;
/** Rate limit of wrong tokens and links, per source: a burst, then one every ten seconds. */
const wrongBurst = 5;
const wrongPerSecond = 0.1;
const sourcesMax = 4_096;

export type TokenCheck = "accepted" | "refused" | "too-many";

export class DashboardLogins {
  readonly #token: Buffer;
  /** Hash of a cookie → when it was last used, in the order of use. */
  readonly #cookies = new BoundedMap<string, number>(loginsMax);
  /** Hash of a link's code → when it was made. */
  readonly #links = new BoundedMap<string, number>(linksMax);
  readonly #attempts = new KeyedBuckets(wrongPerSecond, wrongBurst, sourcesMax);

  /**
   * @param token the admin token
   * @param now a monotonic clock, ms
   */
  constructor(
    token: string,
    private readonly now: () => number,
  ) {
    this.#token = sha256(token);
  }

  /**
   * Checks a token. A right one is always accepted: it has 256 random bits, so a lock would protect nothing, and would
   * shut out who shares an address with the guesser.
   * @param source who tries; null if a wrong one is not to be counted
   */
  tryToken(token: string, source: string | null): TokenCheck {
    return this.#judge(timingSafeEqual(sha256(token), this.#token), source);
  }

  /** Checks the code of a one-time link, which is then used up. Otherwise it is like `tryToken`. */
  tryLink(code: string, source: string | null): TokenCheck {
    // The keys are hashes, so the timing of the look-up reveals nothing.
    const key = sha256(code).toString("hex");
    const made = this.#links.get(key);
    this.#links.delete(key);
    return this.#judge(made !== undefined && this.now() - made <= linkMs, source);
  }

  /** Makes a code for a one-time link, valid for five minutes. */
  newLink(): string {
    const code = randomBytes(24).toString("base64url");
    this.#links.set(sha256(code).toString("hex"), this.now());
    return code;
  }

  /** Makes a new cookie and returns its value. */
  newCookie(): string {
    const cookie = randomBytes(32).toString("base64url");
    this.#cookies.set(sha256(cookie).toString("hex"), this.now());
    return cookie;
  }

  /**
   * Whether a cookie is valid; each use renews it. The keys are hashes, so the timing of the look-up reveals nothing.
   */
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

  #judge(fits: boolean, source: string | null): TokenCheck {
    if (fits) return "accepted";
    return source === null || this.#attempts.take(source, this.now()) ? "refused" : "too-many";
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
