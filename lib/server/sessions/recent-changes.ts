// Which devices other nodes have changed a moment ago. A step of this node that was under way meanwhile may have been carried
// out before that change: what its callback puts into memory is then compared with the store. Asks nothing itself.

import { BoundedMap } from "../../bounded-map.ts";
import { limits } from "../policy.ts";

/** Longer than any step is under way, ms. */
const recentMs = 20_000;

export class RecentChanges {
  /** When a change was noted, by the monotonic clock, ms. */
  readonly #at = new BoundedMap<string, number>(limits.recentChanges);

  note(id: string, uptimeMs: number): void {
    this.#at.renew(id, uptimeMs);
  }

  has(id: string, uptimeMs: number): boolean {
    const at = this.#at.get(id);
    return at !== undefined && uptimeMs - at <= recentMs;
  }
}
