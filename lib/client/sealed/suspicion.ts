// An untrusted key that somebody showed as the server's. A KEY is not authenticated: a single corrupted or forged one must
// not stop a device, and the same key twice in a row does. Never sends.

import { equal } from "../../sealed/primitives.ts";

/** Implementation constant: how long the real server can still answer an INIT after somebody showed another key. */
const suspicionMs = 500;

export class Suspicion {
  /** When to ask again, in ms; Infinity for never. */
  at = Infinity;
  #key: Uint8Array | null = null;
  /** How many HELLOs in a row were answered with the key. */
  #times = 0;

  /** Notes an untrusted key. @param now monotonic time, ms */
  note(key: Uint8Array, now: number): void {
    this.#times = this.#key !== null && equal(this.#key, key) ? this.#times + 1 : 1;
    this.#key = key;
    this.at = now + suspicionMs;
  }

  /** The time to ask has come. @returns the key if it was shown twice in a row; null: ask once more */
  ask(): Uint8Array | null {
    this.at = Infinity;
    return this.#times > 1 ? this.#key : null;
  }

  /** The real server has answered, or a new handshake begins. */
  end(): void {
    this.at = Infinity;
    this.#key = null;
    this.#times = 0;
  }
}
