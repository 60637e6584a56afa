// The highest handshake counter of each client key, so that a replayed INIT makes no link (sealed, Rekey and replay).
// Of a key that is connected its link knows it; here are the others, bounded: the longest unused is forgotten first.

import { limits } from "../policy.ts";

export class HandshakeCounters {
  readonly #byKey = new Map<string, number>();

  /** The highest counter noted of a key; -1 where there is none. */
  of(key: string): number {
    return this.#byKey.get(key) ?? -1;
  }

  /** Notes a counter that is higher than any of this key before. */
  note(key: string, counter: number): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, counter);
    if (this.#byKey.size <= limits.handshakeCounters) return;
    for (const longestUnused of this.#byKey.keys()) {
      this.#byKey.delete(longestUnused);
      return;
    }
  }

  /** A link took over: it knows the counter of its handshake. A higher one of an INIT since stays. */
  handOver(key: string, counter: number): void {
    if (this.#byKey.get(key) === counter) this.#byKey.delete(key);
  }
}
