// Owns which chunks have reports of a range of time: those on the disk, and those in memory. Assumes no order of times
// between chunks. Never reads a report.

import type { Database, Statement } from "bun:sqlite";
import type { ChunkTimes, ReportChunks } from "./report-chunks.ts";
import { prepare } from "../file/statements.ts";

/** The reports with numbers from `low` to below `high` that were measured from `from` to `to`, ms since 1970. */
export type ReportBounds = {
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
};

/** All times. */
export const always = {
  from: Number.MIN_SAFE_INTEGER,
  to: Number.MAX_SAFE_INTEGER,
} as const;

type Row = { readonly chunk: number; readonly ordered: number; readonly reports: number };

export class ChunkRanges {
  readonly #up: Statement<Row>;
  readonly #down: Statement<Row>;

  constructor(
    database: Database,
    private readonly chunks: ReportChunks,
  ) {
    const select = "SELECT chunk, ordered, reports FROM report_chunk";
    const overlaps = "lowest_at <= ? AND highest_at >= ?";
    this.#up = prepare(
      database,
      `${select} WHERE chunk >= ? AND ${overlaps} ORDER BY chunk LIMIT ?`,
    );
    this.#down = prepare(
      database,
      `${select} WHERE chunk <= ? AND ${overlaps} ORDER BY chunk DESC LIMIT ?`,
    );
  }

  /** The first chunk with reports of a range that is not below `chunk`; null if there is none. */
  nextUp(chunk: number, from: number, to: number): number | null {
    const held = () => this.chunks.between(from, to).find(({ number }) => number >= chunk)?.number;
    return this.#up.get(chunk, to, from, 1)?.chunk ?? held() ?? null;
  }

  /** The last chunk with reports of a range that is not above `chunk`; null if there is none. */
  nextDown(chunk: number, from: number, to: number): number | null {
    const held = this.chunks.between(from, to).findLast(({ number }) => number <= chunk);
    return held?.number ?? this.#down.get(chunk, to, from, 1)?.chunk ?? null;
  }

  /** All chunks with reports of a range, in order. */
  between(from: number, to: number): ChunkTimes[] {
    const stored = this.#up.all(0, to, from, -1).map(({ chunk, ordered, reports }) => ({
      number: chunk,
      isOrdered: ordered !== 0,
      revision: reports,
    }));
    return [...stored, ...this.chunks.between(from, to)];
  }
}
