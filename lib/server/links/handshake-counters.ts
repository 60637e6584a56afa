// The highest handshake counters of client keys without a current link, so that a replayed INIT creates no link
// (protocol §5.7). A current link holds its own counter. Bounded; the least recently noted key is forgotten first.

import { BoundedMap } from "../../bounded-map.ts";
import { limits } from "../policy.ts";

export class HandshakeCounters {
  readonly #byKey = new BoundedMap<string, number>(limits.handshakeCounters);

  /** The highest counter noted for a key; -1 if there is none. */
  of(key: string): number {
    return this.#byKey.get(key) ?? -1;
  }

  /** Notes a counter, which must be higher than all before it of this key. */
  note(key: string, counter: number): void {
    this.#byKey.renew(key, counter);
  }

  /** Forgets a counter that a link holds from now on. A higher one, from a later INIT, stays. */
  handOver(key: string, counter: number): void {
    if (this.#byKey.get(key) === counter) this.#byKey.delete(key);
  }
}
