// Counts what a pass of retention would remove, a few milliseconds at a time: rows are read only of those chunks of which
// it would remove some and keep others, but a clock that jumped makes many such. Never removes anything.

import type { Database, Statement } from "bun:sqlite";
import { chunkSize, type ReportChunks } from "./report-chunks.ts";
import type { RemovalCount } from "../../../server/store-care.ts";
import { prepare } from "../file/statements.ts";

/** Rows read between two readings of the clock: a few tenths of a millisecond. */
const rowsPerSlice = 128;
/** A part starts no further slice after this time, ms. */
const partMsMax = 5;

type Slice = { readonly rows: number; readonly last: number; readonly old: number };

type Count = {
  /** ms since 1970 */
  readonly before: number;
  /** The ranges of numbers that are still to be read: from `next` to below `end`. */
  readonly ranges: { next: number; readonly end: number }[];
  old: number;
  readonly all: number;
};

export class RetentionCounter {
  readonly #slice: Statement<Slice>;
  #count: Count | null = null;

  /**
   * @param chunks the chunks in memory, of the store on the same connection
   * @param clock monotonic time, ms: it limits the duration of a part
   */
  constructor(
    private readonly database: Database,
    private readonly chunks: ReportChunks,
    private readonly clock: () => number,
  ) {
    this.#slice = prepare(
      database,
      `SELECT count(*) AS rows, max(sequence) AS last, coalesce(sum(received < ?), 0) AS old
       FROM (SELECT sequence, received FROM data WHERE sequence >= ? AND sequence < ?
             ORDER BY sequence LIMIT ${rowsPerSlice})`,
    );
  }

  /** Whether a count has begun and is not at its end: then the next part should follow soon. */
  get isUnderWay(): boolean {
    return this.#count !== null;
  }

  /**
   * Counts a part.
   * @param before the limit, ms since 1970; a count under way keeps the one that it began with
   * @returns the whole count at its end, null before that
   */
  part(before: number): RemovalCount | null {
    const until = this.clock() + partMsMax;
    const count = (this.#count ??= this.#begin(before));
    for (let range = count.ranges.at(-1); range !== undefined; range = count.ranges.at(-1)) {
      if (this.clock() >= until) return null;
      const slice = this.#slice.get(count.before, range.next, range.end) as Slice;
      count.old += slice.old;
      range.next = slice.last + 1;
      if (slice.rows < rowsPerSlice) count.ranges.pop();
    }
    this.#count = null;
    return { old: count.old, all: count.all };
  }

  /** Ends the count under way; the next part begins a new one. */
  abandon(): void {
    this.#count = null;
  }

  #begin(before: number): Count {
    const { database, chunks } = this;
    const { all, old } = database
      .query(
        `SELECT coalesce(sum(reports), 0) AS "all",
                coalesce(sum(reports) FILTER (WHERE highest_received < ?), 0) AS old
         FROM report_chunk`,
      )
      .get(before) as RemovalCount;
    const mixed = database
      .query("SELECT chunk FROM report_chunk WHERE lowest_received < ?1 AND highest_received >= ?1")
      .all(before) as { chunk: number }[];
    const ranges = mixed.map(({ chunk }) => ({
      next: chunk * chunkSize,
      end: (chunk + 1) * chunkSize,
    }));
    ranges.push({ next: chunks.memoryFrom, end: Number.MAX_SAFE_INTEGER });
    return { before, ranges, old, all: all + chunks.count };
  }
}
