// Owns what the static keys of both sides give together (Noise's ss), for the initiators that came lately: a device makes new
// keys every quarter of an hour, and one of the four key agreements is the same each time.
// Never keeps the secret of a key whose owner has not proven that it has the private half.

import { dh } from "./primitives.ts";
import type { KeyPair } from "./primitives.ts";

/** Initiators that are remembered; the longest unused is forgotten first. About 200 bytes each. */
const secretsMax = 16_384;

export class StaticSecrets {
  readonly #byKey = new Map<string, Uint8Array>();

  /** @param local the key pair of this side */
  constructor(private readonly local: KeyPair) {}

  get size(): number {
    return this.#byKey.size;
  }

  /**
   * The secret shared with a static key, 32 bytes.
   * @param remote 32 bytes, from anyone
   * @returns undefined where the key is of small order
   */
  with(remote: Uint8Array): Uint8Array | undefined {
    return this.#byKey.get(nameOf(remote)) ?? dh(this.local, remote);
  }

  /** The owner of the static key has proven itself: what `with` gave is kept. */
  keep(remote: Uint8Array, secret: Uint8Array): void {
    const name = nameOf(remote);
    this.#byKey.delete(name);
    this.#byKey.set(name, secret);
    if (this.#byKey.size <= secretsMax) return;
    for (const [longestUnused, forgotten] of this.#byKey) {
      this.#byKey.delete(longestUnused);
      forgotten.fill(0);
      return;
    }
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}
