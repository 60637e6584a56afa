// Counts refused credentials a source IP and id, so that nobody guesses passwords here (clause 4). Checks under way
// count as refused until they are not, so that a burst cannot slip past.

import { limits } from "./policy.ts";

const minuteMs = 60_000;

type Count = { since: number; refused: number; underWay: number };

/** The table of refusals. */
export class CredentialGuard {
  readonly #counts = new Map<string, Count>();

  /** Whether one more check is allowed now; if so it is under way until `settle`. */
  begin(sourceIp: string, id: string, now: number): boolean {
    const count = this.#countOf(`${sourceIp} ${id}`, now);
    if (count.refused + count.underWay >= limits.refusalsPerMinute) return false;
    count.underWay++;
    return true;
  }

  /** Whether the limit is reached, without beginning a check. */
  isClosed(sourceIp: string, id: string, now: number): boolean {
    const count = this.#counts.get(`${sourceIp} ${id}`);
    if (count === undefined) return false;
    const refused = isOver(count, now) ? 0 : count.refused;
    return refused + count.underWay >= limits.refusalsPerMinute;
  }

  /** Ends a check that `begin` allowed. */
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
      if (this.#counts.size > limits.guardedPairs) this.#forgetOldest();
    }
    return count;
  }

  #forgetOldest(): void {
    for (const key of this.#counts.keys()) {
      this.#counts.delete(key);
      return;
    }
  }
}

/** A clock that was set back must not make the minute longer. */
function isOver({ since }: Count, now: number): boolean {
  return now - since >= minuteMs || now < since;
}
