// Owns the removal of reports older than the operator's limit, oldest first, in small steps, and then of their rows in
// the index. Never removes anything else.

import type { Database, Statement } from "bun:sqlite";
import { chunkOf, chunkSize } from "./report-chunks.ts";
import { prepare } from "./statements.ts";

/** Rows removed between two readings of the clock: a few tenths of a millisecond. */
const rowsPerSlice = 128;
/** A step starts no further slice after this time, ms: pages may have to be read from a slow disk. */
const removalMsMax = 5;
/**
 * Duration of a step with its commit, ms: after a longer one than `high` the next step gets fewer rows, after a shorter
 * one than `low` more.
 */
const stepMs = { low: 4, high: 8 } as const;
const rowsPerStepMax = 16_384;
/** Pages in the log at which a step's commit runs a checkpoint. The server waits for it, so it must move few pages. */
const checkpointPages = 256;
/**
 * How many chunks are searched for one that is too old behind newer ones: the clock may have been wrong for a while.
 */
const chunksAhead = 64;

export class Retention {
  readonly #slice: Statement<{ last: number | null }>;
  readonly #chunkAhead: Statement<{ chunk: number | null }>;
  readonly #remove: Statement;
  readonly #first: Statement<{ first: number | null }>;
  readonly #mark: Statement<{ seq: number }>;
  readonly #updateMark: Statement;
  readonly #insertMark: Statement;
  readonly #firstIndexed: Statement<{ chunk: number }>;
  readonly #removeIndex: Statement;
  readonly #removeChunks: Statement;
  readonly #checkpointPages: number;
  #behind = false;
  #rowsPerStep = 4 * rowsPerSlice;

  /**
   * @param retainMs the age up to which reports are kept, ms
   * @param clock monotonic time, ms: it limits the duration of a step
   */
  constructor(
    private readonly database: Database,
    private readonly retainMs: number,
    private readonly clock: () => number = () => performance.now(),
  ) {
    const { wal_autocheckpoint: pages } = database.query("PRAGMA wal_autocheckpoint").get() as {
      wal_autocheckpoint: number;
    };
    this.#checkpointPages = pages;
    this.#slice = prepare(
      database,
      `SELECT max(sequence) AS last FROM
         (SELECT sequence, received FROM data ORDER BY sequence LIMIT ${rowsPerSlice})
       WHERE received < ? OR sequence < ?`,
    );
    this.#chunkAhead = prepare(
      database,
      `SELECT max(chunk) AS chunk FROM
         (SELECT chunk, last_received FROM report_chunk ORDER BY chunk LIMIT ${chunksAhead})
       WHERE last_received < ?`,
    );
    this.#remove = prepare(database, "DELETE FROM data WHERE sequence <= ?");
    this.#first = prepare(database, "SELECT min(sequence) AS first FROM data");
    this.#mark = prepare(database, "SELECT seq FROM sqlite_sequence WHERE name = 'data'");
    this.#updateMark = prepare(database, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'data'");
    this.#insertMark = prepare(database, "INSERT INTO sqlite_sequence VALUES ('data', ?)");
    this.#firstIndexed = prepare(database, "SELECT chunk FROM report_index ORDER BY chunk LIMIT 1");
    this.#removeIndex = prepare(
      database,
      `DELETE FROM report_index WHERE (chunk, device) IN
         (SELECT chunk, device FROM report_index WHERE chunk < ? ORDER BY chunk, device LIMIT ${rowsPerSlice})`,
    );
    this.#removeChunks = prepare(database, "DELETE FROM report_chunk WHERE chunk < ?");
  }

  /** Whether the last step may have left reports that are too old: then the next step should follow soon. */
  get isBehind(): boolean {
    return this.#behind;
  }

  /**
   * Removes some of the reports that are too old. A step takes a few milliseconds, however large the rows are.
   * @param now ms since 1970
   * @returns how many reports were removed
   */
  step(now: number): number {
    const began = this.clock();
    const until = began + removalMsMax;
    const [rows, removed] = this.#committed(() => {
      const reports = this.#removeReports(now - this.retainMs, until);
      const places = this.#removeIndexed(this.#rowsPerStep - reports, until);
      this.#behind = reports + places >= this.#rowsPerStep || this.clock() >= until;
      return [reports + places, reports] as const;
    });
    if (rows > 0) this.#adapt(this.clock() - began);
    return removed;
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
    else if (tookMs < stepMs.low && this.#behind) this.#rowsPerStep *= 2;
    this.#rowsPerStep = Math.min(Math.max(this.#rowsPerStep, rowsPerSlice), rowsPerStepMax);
  }

  #removeReports(before: number, until: number): number {
    // A report that came before one that is too old is too old itself, even if a wrong clock gave it a later time.
    const ahead = this.#chunkAhead.get(before)?.chunk ?? -1;
    const surely = (ahead + 1) * chunkSize;
    let removed = 0;
    let end = -1;
    while (removed < this.#rowsPerStep && this.clock() < until) {
      const last = this.#slice.get(before, surely)?.last ?? null;
      if (last === null) break;
      removed += this.#remove.run(last).changes;
      end = last;
    }
    // The next start continues after this number, even if no report is left: no number may be given twice.
    if (end >= 0 && this.#updateMark.run(end).changes === 0) this.#insertMark.run(end);
    return removed;
  }

  /** Removes index rows of chunks that have no reports any more, about `rowsMax` of them; returns how many. */
  #removeIndexed(rowsMax: number, until: number): number {
    const kept = this.#first.get()?.first ?? (this.#mark.get()?.seq ?? -1) + 1;
    const chunk = chunkOf(kept);
    let removed = 0;
    while ((this.#firstIndexed.get()?.chunk ?? chunk) < chunk) {
      if (removed >= rowsMax || this.clock() >= until) return removed;
      removed += this.#removeIndex.run(chunk).changes;
    }
    this.#removeChunks.run(chunk);
    return removed;
  }
}
