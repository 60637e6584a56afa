// Remembers that a password was right, so that a fleet that logs in again does not cost one argon2id for each device.
// Never holds a password: only its HMAC, under a key that exists as long as the process.

import { createHmac, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../../bounded-map.ts";

type Verifier = { readonly hash: string; readonly mac: Buffer };

/** The verifiers of a bounded number of devices. */
export class VerifierCache {
  readonly #byId: BoundedMap<string, Verifier>;

  /**
   * @param key 32 random bytes of this process
   * @param entriesMax how many devices are remembered; the one remembered longest ago is forgotten first
   */
  constructor(
    private readonly key: Uint8Array,
    entriesMax: number,
  ) {
    this.#byId = new BoundedMap(entriesMax);
  }

  /**
   * The stored hash that this password is known to match, or null if none is known.
   * The caller compares it with the hash that is stored now, as the password may have changed since.
   */
  check(id: string, password: string): string | null {
    const verifier = this.#byId.get(id);
    if (verifier === undefined) return null;
    return timingSafeEqual(verifier.mac, this.#macOf(id, password)) ? verifier.hash : null;
  }

  /** Whether a password of this device is remembered. */
  knows(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Remembers that the password matches the stored hash. */
  remember(id: string, password: string, hash: string): void {
    this.#byId.renew(id, { hash, mac: this.#macOf(id, password) });
  }

  forget(id: string): void {
    this.#byId.delete(id);
  }

  #macOf(id: string, password: string): Buffer {
    return createHmac("sha256", this.key).update(`${id}\0${password}`).digest();
  }
}
