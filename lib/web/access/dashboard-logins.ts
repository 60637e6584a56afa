// Owns logins: the admin token, one-time links, and whose cookies are valid. Stores only hashes of token and links, compares
// in constant time, and bounds every table. Never reads a request or a file.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../../bounded-map.ts";
import { KeyedBuckets } from "../../token-bucket.ts";
import { type LoginClocks, LoginCookies } from "./login-cookies.ts";

const linksMax = 16;
const linkMs = 5 * 60_000;
/** Rate limit of wrong tokens and links, per source: a burst, then one every ten seconds. */
const wrongBurst = 5;
const wrongPerSecond = 0.1;
const sourcesMax = 4_096;

export type TokenCheck = "accepted" | "refused" | "too-many";

export class DashboardLogins {
  readonly cookies: LoginCookies;
  readonly #token: Buffer;
  /** Hash of a link's code → when it was made. */
  readonly #links = new BoundedMap<string, number>(linksMax);
  readonly #attempts = new KeyedBuckets(wrongPerSecond, wrongBurst, sourcesMax);

  /** @param token the admin token */
  constructor(
    token: string,
    private readonly clocks: LoginClocks,
  ) {
    this.#token = sha256(token);
    this.cookies = new LoginCookies(token, clocks);
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
    return this.#judge(made !== undefined && this.clocks.monotonic() - made <= linkMs, source);
  }

  /** Makes a code for a one-time link, valid for five minutes. */
  newLink(): string {
    const code = randomBytes(24).toString("base64url");
    this.#links.set(sha256(code).toString("hex"), this.clocks.monotonic());
    return code;
  }

  #judge(fits: boolean, source: string | null): TokenCheck {
    if (fits) return "accepted";
    return source === null || this.#attempts.take(source, this.clocks.monotonic())
      ? "refused"
      : "too-many";
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
