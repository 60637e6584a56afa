// Removes reports that are older than the operator keeps them, oldest first, a little at a time.

import type { Database, Statement } from "bun:sqlite";
import { chunkOf } from "./report-chunks.ts";
import { prepare } from "./statements.ts";

/** Rows removed in one step: a few milliseconds. */
const rowsPerStep = 4_096;

export class Retention {
  readonly #oldest: Statement<{ sequence: number; received: number }>;
  readonly #remove: Statement;
  readonly #removeIndex: Statement;
  readonly #removeChunks: Statement;

  /** @param retainMs age of the reports kept, ms */
  constructor(
    private readonly database: Database,
    private readonly retainMs: number,
  ) {
    this.#oldest = prepare(
      database,
      "SELECT sequence, received FROM data ORDER BY sequence LIMIT 1 OFFSET ?",
    );
    this.#remove = prepare(database, "DELETE FROM data WHERE sequence < ?");
    this.#removeIndex = prepare(
      database,
      "DELETE FROM report_index WHERE chunk IN (SELECT chunk FROM report_chunk WHERE chunk < ? ORDER BY chunk LIMIT 1)",
    );
    this.#removeChunks = prepare(
      database,
      "DELETE FROM report_chunk WHERE chunk IN (SELECT chunk FROM report_chunk WHERE chunk < ? ORDER BY chunk LIMIT 1)",
    );
  }

  /**
   * Removes some reports that are too old.
   * @param now ms since 1970
   * @returns how many
   */
  step(now: number): number {
    const first = this.#oldest.get(0);
    const before = now - this.retainMs;
    if (first === null || first.received >= before) return 0;
    const end = this.#endOfStep(first.sequence, before);
    this.database.transaction(() => {
      this.#remove.run(end);
      this.#removeIndex.run(chunkOf(end));
      this.#removeChunks.run(chunkOf(end));
    })();
    return end - first.sequence;
  }

  /** The first report that stays in this step. */
  #endOfStep(first: number, before: number): number {
    const last = this.#oldest.get(rowsPerStep);
    if (last !== null && last.received < before) return last.sequence;
    let low = first;
    let high = last === null ? first + rowsPerStep : last.sequence;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.database
        .query<{ received: number }, [number]>(
          "SELECT received FROM data WHERE sequence >= ? ORDER BY sequence LIMIT 1",
        )
        .get(middle);
      if (row !== null && row.received < before) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
