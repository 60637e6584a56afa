// Counts refused credentials for each pair of source IP and id, against password guessing (protocol §4.10). A check
// under way counts as refused until its result is known, so that a burst cannot pass the limit. Checks no password.
// `now` is monotonic, in ms.

import { BoundedMap } from "../../bounded-map.ts";
import { limits } from "../policy.ts";

const minuteMs = 60_000;

type Count = { since: number; refused: number; underWay: number };

/** The counts of refusals, a bounded number of pairs: the first added is forgotten first. */
export class CredentialGuard {
  readonly #counts = new BoundedMap<string, Count>(limits.guardedPairs);

  /** Whether one more check is allowed now. If so, it counts as under way until `settle`. */
  begin(sourceIp: string, id: string, now: number): boolean {
    const count = this.#countOf(`${sourceIp} ${id}`, now);
    if (count.refused + count.underWay >= limits.refusalsPerMinute) return false;
    count.underWay++;
    return true;
  }

  /** Whether the limit is reached. Begins no check. */
  isClosed(sourceIp: string, id: string, now: number): boolean {
    const count = this.#counts.get(`${sourceIp} ${id}`);
    if (count === undefined) return false;
    const refused = isOver(count, now) ? 0 : count.refused;
    return refused + count.underWay >= limits.refusalsPerMinute;
  }

  /** Ends a check that `begin` allowed. `refused` says whether the credentials were wrong. */
  settle(sourceIp: string, id: string, refused: boolean, now: number): void {
    const key = `${sourceIp} ${id}`;
    const count = this.#counts.get(key);
    if (count === undefined) return;
    count.underWay = Math.max(0, count.underWay - 1);
    if (refused) {
      if (count.refused === 0) count.since = now;
      count.refused++;
    } else if (count.refused === 0 && count.underWay === 0) {
      this.#counts.delete(key);
    }
  }

  #countOf(key: string, now: number): Count {
    let count = this.#counts.get(key);
    if (count !== undefined && isOver(count, now)) {
      count.since = now;
      count.refused = 0;
    }
    if (count === undefined) {
      count = { since: now, refused: 0, underWay: 0 };
      this.#counts.set(key, count);
    }
    return count;
  }
}

/** Whether the minute of a count is over. */
function isOver({ since }: Count, now: number): boolean {
  return now - since >= minuteMs;
}
