// Removes old reports, a few thousand numbers at a time. The schedule asks step by step and takes what is there: a removal
// that is under way goes on meanwhile, and its result is told with the next step.

import type { RemovalCount, ReportRemover } from "../../../server/store-care.ts";
import type { Readers } from "../connection/readers.ts";
import { chunkLock, type ChunkSummaries } from "./chunk-summaries.ts";
import { chunkSize } from "./horizon.ts";

/** How many numbers one statement looks at. */
const numbersAtOnce = 8_192;
/** The lock of the server that removes: "iotR" in ASCII. One that does not get it leaves the removal to the other. */
export const removalLock = 0x696f7452;

export class PostgresRemover implements ReportRemover {
  isBehind = false;
  /** From where on reports may be old; null between two passes. */
  #low: number | null = null;
  #pass = 0;
  #running = false;
  #removed = 0;
  #error: unknown = null;
  #count: RemovalCount | null = null;

  /**
   * @param newestAtStart when the report that was stored last was received, ms since 1970; null if there is none
   * @param isOver tells whether another server has taken the database: then its rule holds
   */
  constructor(
    private readonly readers: Readers,
    private readonly summaries: ChunkSummaries,
    private readonly newestAtStart: number | null,
    private readonly isOver: () => boolean,
  ) {}

  /** Removes some of the reports received before a time; returns how many were removed since the call before. */
  step(before: number): number {
    this.#throwError();
    this.isBehind = !this.isOver();
    if (!this.isBehind) return 0;
    if (!this.#running) void this.#run(() => this.#removeSome(before));
    const removed = this.#removed;
    this.#removed = 0;
    return removed;
  }

  abandon(): void {
    this.#pass++;
    this.#low = null;
    this.#count = null;
    this.isBehind = false;
  }

  count(before: number): RemovalCount | null {
    this.#throwError();
    const count = this.#count;
    this.#count = null;
    this.isBehind = count === null;
    if (count === null && !this.#running) void this.#run(() => this.#countOld(before));
    return count;
  }

  newest(): number | null {
    return this.newestAtStart;
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.#running = true;
    try {
      await work();
    } catch (error) {
      this.#error = error;
    } finally {
      this.#running = false;
    }
  }

  #throwError(): void {
    const error = this.#error;
    this.#error = null;
    if (error !== null) throw error;
  }

  async #removeSome(before: number): Promise<void> {
    const pass = this.#pass;
    const [found] = await this.readers.read<{ low: number | null }>(firstOld, [
      this.#low ?? 0,
      before,
    ]);
    if (pass !== this.#pass) return;
    const first = found?.low ?? null;
    if (first === null) return this.#endPass();
    const chunkEnd = (Math.floor(first / chunkSize) + 1) * chunkSize;
    const next = Math.min(first + numbersAtOnce, chunkEnd);
    const removed = await this.#remove(first, next, before, next === chunkEnd);
    this.#removed += removed ?? 0;
    if (pass !== this.#pass) return;
    if (removed === null) this.#endPass();
    else this.#low = next;
  }

  /** Removes the old ones of some numbers; returns how many. null: another server removes reports. */
  #remove(from: number, to: number, before: number, isLast: boolean): Promise<number | null> {
    return this.readers.transact(async (query) => {
      const [turn] = await query("SELECT pg_try_advisory_xact_lock($1::bigint) AS is", [
        removalLock,
      ]);
      if (turn?.["is"] !== true) return null;
      // Nobody sums up a chunk with reports that are gone.
      await query("SELECT pg_advisory_xact_lock($1::bigint)", [chunkLock]);
      const [row] = await query(removal, [from, to, before, isLast]);
      return row?.["removed"] as number;
    });
  }

  #endPass(): void {
    this.#low = null;
    this.isBehind = false;
  }

  async #countOld(before: number): Promise<void> {
    const pass = this.#pass;
    const [row] = await this.readers.read<{ old: number }>(oldReports, [before]);
    const all = await this.summaries.count();
    if (pass === this.#pass) this.#count = { old: row?.old ?? 0, all };
  }
}

/** The first number from $1 on that may be of an old report: of a chunk that has old ones, or one without a row. */
const firstOld = `
  SELECT min(low)::float8 AS low FROM (
    SELECT greatest(min(number) * ${chunkSize}, $1::float8::bigint) AS low FROM report_chunk
    WHERE reports > 0 AND lowest_received < $2::float8 AND (number + 1) * ${chunkSize} > $1::float8::bigint
    HAVING count(*) > 0
    UNION ALL
    SELECT min(sequence) FROM report
    WHERE received < $2::float8::bigint AND sequence >= greatest($1::float8::bigint,
      (SELECT coalesce(max(number) + 1, 0) * ${chunkSize} FROM report_chunk))
  ) AS candidates`;

/**
 * Removes the old ones of some numbers of a chunk, and corrects the chunk's row; $4: they are the last of it. If it has none,
 * notes that some are gone: each server holds what it knows of the chunk.
 */
const removal = `
  WITH gone AS (
    DELETE FROM report WHERE sequence >= $1::float8::bigint AND sequence < $2::float8::bigint
      AND received < $3::float8::bigint RETURNING 1
  ), counted AS (SELECT count(*) AS n FROM gone), corrected AS (
    UPDATE report_chunk SET
      reports = reports - n,
      ordered = ordered AND n = 0,
      revision = revision + least(n, 1)::int,
      lowest_received = CASE WHEN $4::boolean THEN greatest(lowest_received, $3::float8::bigint) ELSE lowest_received END
    FROM counted WHERE number = $1::float8::bigint / ${chunkSize}
    RETURNING number
  ), noted AS (
    UPDATE meta SET removals = removals + 1, removed_in = greatest(removed_in, $1::float8::bigint / ${chunkSize})
    FROM counted WHERE n > 0 AND NOT EXISTS (SELECT FROM corrected)
  )
  SELECT n::float8 AS removed FROM counted`;

/** How many reports are old: whole chunks by their rows, the others by theirs. */
const oldReports = `
  SELECT (
    (SELECT coalesce(sum(reports), 0) FROM report_chunk WHERE highest_received < $1::float8)
    + (SELECT count(*) FROM report_chunk AS c JOIN report AS r
         ON r.sequence >= c.number * ${chunkSize} AND r.sequence < (c.number + 1) * ${chunkSize}
       WHERE c.lowest_received < $1::float8 AND c.highest_received >= $1::float8
         AND r.received < $1::float8::bigint)
    + (SELECT count(*) FROM report WHERE received < $1::float8::bigint
         AND sequence >= (SELECT coalesce(max(number) + 1, 0) * ${chunkSize} FROM report_chunk))
  )::float8 AS old`;
