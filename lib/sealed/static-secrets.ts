// Owns a cache of the shared secret of both static keys (Noise's ss) for recent initiators: a device rekeys every
// 15 minutes, and this one of the four key agreements has the same result each time.
// Never keeps a secret before the initiator has proven that it has its private key.

import { BoundedMap } from "../bounded-map.ts";
import { dh } from "./primitives.ts";
import type { KeyPair } from "./primitives.ts";

/** How many initiators are cached; the least recently used is evicted first. About 200 bytes each. */
const secretsMax = 16_384;

export class StaticSecrets {
  readonly #byKey = new BoundedMap<string, Uint8Array>(secretsMax, (forgotten) =>
    forgotten.fill(0),
  );

  /** @param local the key pair of this side */
  constructor(private readonly local: KeyPair) {}

  get size(): number {
    return this.#byKey.size;
  }

  /**
   * The secret shared with a static key, 32 bytes.
   * @param remote 32 bytes, untrusted
   * @returns undefined if the key is of small order
   */
  with(remote: Uint8Array): Uint8Array | undefined {
    return this.#byKey.get(nameOf(remote)) ?? dh(this.local, remote);
  }

  /** Caches what `with` returned. Call it only after the initiator has proven that it owns the static key. */
  keep(remote: Uint8Array, secret: Uint8Array): void {
    this.#byKey.renew(nameOf(remote), secret);
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}
