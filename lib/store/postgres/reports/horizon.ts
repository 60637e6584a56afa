// Owns what is known of the numbers of all reports at a moment: how far they go, and below which number nothing new comes.
// Several servers store reports at the same time, so one with a lower number may be seen later than one with a higher. Never
// writes.

import type { ReportNumbers } from "../batch/numbers.ts";
import type { Readers } from "../connection/readers.ts";

/**
 * How long after its number was taken a report may still come, ms: its statement begins within 12 s (batch/numbers.ts) and
 * ends within 5 s. The rest is for clocks that go wrong.
 */
export const comesWithinMs = 30_000;
/** How many sequence numbers a chunk has. */
export const chunkSize = 65_536;

/** The numbers of all reports at a moment. */
export type Numbering = {
  /** Above the numbers of all reports that are stored. */
  readonly end: number;
  /** Reports with lower numbers than this are stored already, or never will be. */
  readonly finalBelow: number;
  /** Above the last chunk that has a row: it and all before are final. */
  readonly summedUp: number;
  /** Changes when reports of a chunk without a row are removed; which was the last such chunk. */
  readonly removals: number;
  readonly removedIn: number;
};

/** The chunk of a number. */
export function chunkOf(sequence: number): number {
  return Math.floor(sequence / chunkSize);
}

const secondOf = (ms: number) => Math.floor(ms / 1_000);

export class Horizon {
  /** How far the numbers went at some moments, oldest first, one a second. */
  readonly #went: { readonly at: number; readonly number: number }[] = [];
  #final: number;
  #end = 0;

  /**
   * @param numbers those of this server; null if it stores none
   * @param final a number below which nothing new comes
   * @param now the monotonic clock, ms
   */
  constructor(
    private readonly readers: Pick<Readers, "read">,
    private readonly numbers: Pick<ReportNumbers, "done"> | null,
    final: number,
    readonly now: () => number,
  ) {
    this.#final = final;
  }

  /** Notes that all numbers below this one have been taken. */
  note(number: number): void {
    const at = this.now();
    const last = this.#went.at(-1) ?? { at: -Infinity, number: 0 };
    if (number <= last.number) return;
    if (secondOf(at) === secondOf(last.at)) this.#went.pop();
    // Of those that are old enough only the newest is needed.
    while ((this.#went[1]?.at ?? Infinity) <= at - comesWithinMs) this.#went.shift();
    this.#went.push({ at, number });
  }

  /** A number below which nothing new comes, or perhaps not: `read` knows. */
  get reachable(): number {
    return Math.max(this.#ownFinal(), this.#oldEnough()?.number ?? 0);
  }

  /** Asks the database. */
  async read(): Promise<Numbering> {
    const [row] = await this.readers.read<Omit<Numbering, "finalBelow">>(
      `SELECT (SELECT coalesce(max(sequence), 0) + 1 FROM report)::float8 AS end,
              (SELECT coalesce(max(number) + 1, 0) FROM report_chunk)::float8 AS "summedUp",
              removals::float8 AS removals, removed_in::float8 AS "removedIn"
       FROM meta`,
    );
    const found = row as Omit<Numbering, "finalBelow">;
    this.note(found.end);
    // The newest report may have been removed.
    this.#end = Math.max(this.#end, found.end);
    this.#final = Math.max(this.#final, found.summedUp * chunkSize);
    return { ...found, end: this.#end, finalBelow: await this.#finalBelow() };
  }

  async #finalBelow(): Promise<number> {
    const old = this.#oldEnough();
    if (this.#ownFinal() < (old?.number ?? 0)) {
      const sent = this.now();
      const [row] = await this.readers.read<{ ms: number | null }>(oldestWriting);
      if (old !== undefined && sent - (row?.ms ?? 0) >= old.at) {
        this.#final = Math.max(this.#final, old.number);
      }
    }
    return this.#ownFinal();
  }

  /** What is final without a question: all numbers from there on are this server's own, up to those that may still come. */
  #ownFinal(): number {
    const { from, below } = this.numbers?.done ?? { from: Infinity, below: 0 };
    if (from <= this.#final) this.#final = Math.max(this.#final, below);
    return this.#final;
  }

  #oldEnough() {
    const until = this.now() - comesWithinMs;
    return this.#went.findLast(({ at }) => at <= until);
  }
}

/** For how long the oldest transaction is under way that stores reports, ms; null if there is none. It may hang. */
export const oldestWriting = `
  SELECT max(extract(epoch FROM clock_timestamp() - a.xact_start))::float8 * 1000 AS ms
  FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
  WHERE l.relation = 'report'::regclass AND l.mode = 'RowExclusiveLock'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
