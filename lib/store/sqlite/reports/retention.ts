// Owns the removal of reports that were received before a limit, in small steps, and then of the index of chunks that
// have no report left. A report goes only if it is too old itself: the clock may have been wrong when others were
// stored. Never decides when to remove (`RetentionSchedule`), and never removes anything else.

import type { Database, Statement } from "bun:sqlite";
import { chunkSize, type ReportChunks } from "./report-chunks.ts";
import { RetentionCounter } from "./retention-count.ts";
import type { RemovalCount, ReportRemover } from "../../../server/store-care.ts";
import { prepare } from "../file/statements.ts";

/** Rows read between two readings of the clock: a few tenths of a millisecond. */
const rowsPerSlice = 128;
/** A step starts no further slice after this time, ms: pages may have to be read from a slow disk. */
const removalMsMax = 5;
/**
 * Duration of a step with its commit, ms: after a longer one than `high` the next step removes fewer rows, after a
 * shorter one than `low` more.
 */
const stepMs = { low: 4, high: 8 } as const;
const rowsPerStepMax = 16_384;
/** Pages in the log at which a step's commit runs a checkpoint. The server waits for it, so it must move few pages. */
const checkpointPages = 256;

/** A pass through all chunks that have a report from before the limit. */
type Pass = {
  /** The limit, ms since 1970. */
  readonly before: number;
  /** The chunk that is read, or was read last; -1 at the beginning. */
  chunk: number;
  /** Whether `chunk` is completely read. */
  isRead: boolean;
  /** The next number to read in `chunk`. */
  next: number;
  /** The lowest time among the reports of `chunk` that are kept; infinite as long as none is. */
  lowestKept: number;
};

type Slice = {
  readonly rows: number;
  readonly last: number;
  readonly old: number;
  readonly kept: number | null;
};

export class Retention implements ReportRemover {
  readonly #slice: Statement<Slice>;
  readonly #remove: Statement;
  readonly #nextChunk: Statement<{ chunk: number }>;
  readonly #raise: Statement;
  readonly #subtract: Statement;
  readonly #updateMark: Statement;
  readonly #insertMark: Statement;
  readonly #firstOrphan: Statement<{ chunk: number }>;
  readonly #removeIndex: Statement;
  readonly #removeChunk: Statement;
  readonly #checkpointPages: number;
  readonly #counter: RetentionCounter;
  #pass: Pass | null = null;
  #rowsPerStep = 4 * rowsPerSlice;
  /** What the current step changes in the chunks in memory once it is committed. */
  #afterCommit: (() => void)[] = [];

  /**
   * @param chunks the chunks in memory, of the store on the same connection
   * @param clock monotonic time, ms: it limits the duration of a step
   */
  constructor(
    private readonly database: Database,
    private readonly chunks: ReportChunks,
    private readonly clock: () => number = () => performance.now(),
  ) {
    const { wal_autocheckpoint: pages } = database.query("PRAGMA wal_autocheckpoint").get() as {
      wal_autocheckpoint: number;
    };
    this.#checkpointPages = pages;
    this.#counter = new RetentionCounter(database, chunks, clock);
    this.#slice = prepare(
      database,
      `SELECT count(*) AS rows, max(sequence) AS last, coalesce(sum(received < ?1), 0) AS old,
              min(CASE WHEN received >= ?1 THEN received END) AS kept
       FROM (SELECT sequence, received FROM data WHERE sequence >= ?2 AND sequence < ?3
             ORDER BY sequence LIMIT ${rowsPerSlice})`,
    );
    this.#remove = prepare(
      database,
      "DELETE FROM data WHERE sequence >= ? AND sequence <= ? AND received < ?",
    );
    this.#nextChunk = prepare(
      database,
      "SELECT chunk FROM report_chunk WHERE chunk > ? AND lowest_received < ? ORDER BY chunk LIMIT 1",
    );
    this.#raise = prepare(database, "UPDATE report_chunk SET lowest_received = ? WHERE chunk = ?");
    this.#subtract = prepare(
      database,
      "UPDATE report_chunk SET reports = reports - ?, ordered = 0 WHERE chunk = ?",
    );
    this.#updateMark = prepare(
      database,
      "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'data'",
    );
    this.#insertMark = prepare(database, "INSERT INTO sqlite_sequence VALUES ('data', ?)");
    this.#firstOrphan = prepare(
      database,
      `SELECT chunk FROM (SELECT chunk FROM report_index ORDER BY chunk LIMIT 1)
       WHERE chunk NOT IN (SELECT chunk FROM report_chunk)`,
    );
    this.#removeIndex = prepare(
      database,
      `DELETE FROM report_index WHERE (chunk, device) IN
         (SELECT chunk, device FROM report_index WHERE chunk = ? LIMIT ${rowsPerSlice})`,
    );
    this.#removeChunk = prepare(database, "DELETE FROM report_chunk WHERE chunk = ?");
  }

  /** Whether a pass or a count has begun and is not at its end: then the next part should follow soon. */
  get isBehind(): boolean {
    return this.#pass !== null || this.#counter.isUnderWay;
  }

  /** When the report that was stored last was received, ms since 1970; null if there is none. */
  newest(): number | null {
    const newest = this.database
      .query("SELECT received FROM data ORDER BY sequence DESC LIMIT 1")
      .get() as { received: number } | null;
    return newest?.received ?? null;
  }

  /**
   * Counts what a pass would remove, a part of it at each call: a few milliseconds.
   * @param before ms since 1970; a count under way keeps the one that it began with
   * @returns null before the end of the count
   */
  count(before: number): RemovalCount | null {
    return this.#counter.part(before);
  }

  /**
   * Removes some of the reports that are too old: a part of a pass. Takes a few milliseconds, however large the rows are.
   * @param before the limit, ms since 1970; a pass under way keeps the one that it began with
   * @returns how many reports were removed
   */
  step(before: number): number {
    const began = this.clock();
    const pass = (this.#pass ??= {
      before,
      chunk: -1,
      isRead: true,
      next: 0,
      lowestKept: Infinity,
    });
    this.#afterCommit = [];
    try {
      const removed = this.#committed(() => this.#advance(pass, began + removalMsMax));
      for (const change of this.#afterCommit) change();
      if (removed > 0) this.#adapt(this.clock() - began);
      return removed;
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Ends the pass or the count under way; the next step begins a new one. */
  abandon(): void {
    this.#pass = null;
    this.#counter.abandon();
  }

  #committed<T>(change: () => T): T {
    this.database.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    try {
      return this.database.transaction(change)();
    } finally {
      this.database.run(`PRAGMA wal_autocheckpoint = ${this.#checkpointPages}`);
    }
  }

  #adapt(tookMs: number): void {
    if (tookMs > stepMs.high) this.#rowsPerStep >>>= 1;
    else if (tookMs < stepMs.low && this.isBehind) this.#rowsPerStep *= 2;
    this.#rowsPerStep = Math.min(Math.max(this.#rowsPerStep, rowsPerSlice), rowsPerStepMax);
  }

  #advance(pass: Pass, until: number): number {
    let rows = 0;
    let removed = 0;
    let last = -1;
    while (rows < this.#rowsPerStep && this.clock() < until) {
      if (pass.isRead && !this.#enterNext(pass)) {
        this.#pass = null;
        break;
      }
      const slice = this.#readSlice(pass);
      if (slice.old > 0) last = slice.last;
      removed += slice.old;
      rows += slice.old;
      if (slice.rows < rowsPerSlice) rows += this.#leave(pass);
    }
    // The next start continues after this number, even if no report is left: no number may be given twice.
    if (last >= 0 && this.#updateMark.run(last).changes === 0) this.#insertMark.run(last);
    return removed;
  }

  /** Moves to the next chunk that has a report from before the limit; false if there is none. */
  #enterNext(pass: Pass): boolean {
    const chunk =
      (pass.chunk < 0 ? this.#orphan() : null) ??
      this.#nextChunk.get(pass.chunk, pass.before)?.chunk ??
      this.chunks.nextBefore(pass.chunk, pass.before);
    if (chunk === null) return false;
    pass.chunk = chunk;
    pass.isRead = false;
    pass.next = chunk * chunkSize;
    pass.lowestKept = Infinity;
    return true;
  }

  /** A chunk whose index was half written when the server was killed, and whose reports are all removed; or null. */
  #orphan(): number | null {
    const chunk = this.#firstOrphan.get()?.chunk ?? null;
    return chunk === null || this.chunks.has(chunk) ? null : chunk;
  }

  #readSlice(pass: Pass): Slice {
    const { before, chunk, next } = pass;
    const slice = this.#slice.get(before, next, (chunk + 1) * chunkSize) as Slice;
    if (slice.rows === 0) return slice;
    pass.next = slice.last + 1;
    pass.lowestKept = Math.min(pass.lowestKept, slice.kept ?? Infinity);
    const { old } = slice;
    if (old > 0) {
      this.#remove.run(next, slice.last, before);
      if (this.chunks.has(chunk)) this.#afterCommit.push(() => this.chunks.subtract(chunk, old));
      else this.#subtract.run(old, chunk);
    }
    return slice;
  }

  /**
   * Ends a chunk of which all reports were read: notes its lowest time, or removes its index if no report is left, in
   * parts if that is large. Returns how many rows of the index were removed.
   */
  #leave(pass: Pass): number {
    const { chunk, lowestKept } = pass;
    if (this.chunks.has(chunk)) {
      // An empty chunk in memory stays: its index is written when the chunk is full, and removed by a later pass.
      if (lowestKept < Infinity) this.#afterCommit.push(() => this.chunks.raise(chunk, lowestKept));
      pass.isRead = true;
      return 0;
    }
    if (lowestKept < Infinity) {
      this.#raise.run(lowestKept, chunk);
      pass.isRead = true;
      return 0;
    }
    const { changes } = this.#removeIndex.run(chunk);
    if (changes >= rowsPerSlice) return changes;
    this.#removeChunk.run(chunk);
    pass.isRead = true;
    return changes;
  }
}
