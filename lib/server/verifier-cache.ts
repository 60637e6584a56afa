// Remembers that a password was right, so that a fleet that logs in again does not cost an argon2 each. Holds no
// password: an HMAC of it under a key that lives and dies with the process.

import { createHmac, timingSafeEqual } from "node:crypto";

type Verifier = { readonly hash: string; readonly mac: Buffer };

/** Passwords that were right, a bounded number. */
export class VerifierCache {
  readonly #byId = new Map<string, Verifier>();

  /**
   * @param key 32 random bytes of this process
   * @param entriesMax how many devices are remembered; the longest ago remembered are forgotten first
   */
  constructor(
    private readonly key: Uint8Array,
    private readonly entriesMax: number,
  ) {}

  /**
   * The stored hash this password is known to fit, or null where it is not known.
   * The caller compares it with the stored hash of now, which a change of password replaces.
   */
  check(id: string, password: string): string | null {
    const verifier = this.#byId.get(id);
    if (verifier === undefined) return null;
    return timingSafeEqual(verifier.mac, this.#macOf(id, password)) ? verifier.hash : null;
  }

  /** Whether some password of this device is remembered. */
  knows(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Remembers that the password fits the stored hash. */
  remember(id: string, password: string, hash: string): void {
    this.#byId.delete(id);
    this.#byId.set(id, { hash, mac: this.#macOf(id, password) });
    if (this.#byId.size <= this.entriesMax) return;
    for (const oldest of this.#byId.keys()) {
      this.#byId.delete(oldest);
      return;
    }
  }

  forget(id: string): void {
    this.#byId.delete(id);
  }

  #macOf(id: string, password: string): Buffer {
    return createHmac("sha256", this.key).update(`${id}\0${password}`).digest();
  }
}
