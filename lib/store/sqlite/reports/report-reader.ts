// Owns reading a device's reports, newest first, through the chunk index. Works on the server's own connection and on a
// database opened read-only. Never writes.

import type { ReportRow } from "../../../server/rows.ts";
import type { Database, Statement } from "bun:sqlite";
import { IndexedPlaces } from "./indexed-places.ts";
import { chunkOf, chunkSize, type ReportChunks } from "./report-chunks.ts";
import { reportColumns } from "./report-columns.ts";
import { prepare } from "../file/statements.ts";

export class ReportReader {
  readonly #one: Statement<ReportRow>;
  readonly #tail: Statement<ReportRow>;
  readonly #chunkBelow: Statement<{ chunk: number; highest_at: number }>;
  readonly #places: IndexedPlaces;

  /** @param chunks the server's chunks in memory; null if it is another process: then rows without index are scanned */
  constructor(
    database: Database,
    private readonly chunks: ReportChunks | null,
  ) {
    this.#one = prepare(database, `SELECT ${reportColumns} FROM data WHERE sequence = ?`);
    this.#tail = prepare(
      database,
      `SELECT ${reportColumns} FROM data WHERE sequence >= ? AND device = ? ORDER BY sequence DESC`,
    );
    this.#chunkBelow = prepare(
      database,
      "SELECT chunk, highest_at FROM report_chunk WHERE chunk < ? ORDER BY chunk DESC LIMIT 1",
    );
    this.#places = new IndexedPlaces(database);
  }

  /** One report by its number, or null. */
  at(sequence: number): ReportRow | null {
    return this.#one.get(sequence);
  }

  /**
   * A device's reports, newest first, read as they are taken.
   * @param device an id
   * @param since only reports measured at or after this time, ms since 1970
   */
  *newest(device: string, since = 0): Generator<ReportRow, void, undefined> {
    // No order of times is assumed: the clock may have been set at any moment.
    for (const report of this.#unindexed(device)) if (report.at >= since) yield report;
    const everywhere = Number.POSITIVE_INFINITY;
    for (const sequence of this.#indexed(device, this.#firstUnindexedChunk(), everywhere, since)) {
      const report = this.at(sequence);
      // Null if retention removed it.
      if (report?.device === device && report.at >= since) yield report;
    }
  }

  /**
   * Numbers of a device's reports, newest first. Retention may have removed some of the rows.
   * @param newest the highest number to return
   * @param chunksMax how many chunks of the index on the disk to search at most
   * @param oldestChunk the first chunk of the index on the disk to search
   */
  *numbers(
    device: string,
    newest: number,
    chunksMax: number,
    oldestChunk = 0,
  ): Generator<number, void, undefined> {
    for (const sequence of this.chunks?.newestInMemory(device) ?? []) {
      if (sequence <= newest) yield sequence;
    }
    const below = Math.min(this.#firstUnindexedChunk(), chunkOf(newest) + 1);
    for (const sequence of this.#indexed(device, below, chunksMax, 0, oldestChunk)) {
      if (sequence <= newest) yield sequence;
    }
  }

  #firstUnindexedChunk(): number {
    if (this.chunks !== null) return this.chunks.memoryFrom / chunkSize;
    const newest = this.#chunkBelow.get(Number.MAX_SAFE_INTEGER);
    return newest === null ? 0 : newest.chunk + 1;
  }

  *#unindexed(device: string): Generator<ReportRow> {
    if (this.chunks === null) {
      yield* this.#tail.all(this.#firstUnindexedChunk() * chunkSize, device);
      return;
    }
    for (const sequence of this.chunks.newestInMemory(device)) {
      const report = this.at(sequence);
      if (report !== null) yield report;
    }
  }

  /**
   * Numbers of a device's reports in chunks of the index on the disk, newest first. Starts below the chunk `below`, stops
   * at a chunk before `oldestChunk`, and skips chunks without a report that was measured at or after `since`.
   */
  *#indexed(
    device: string,
    below: number,
    chunksMax: number,
    since: number,
    oldestChunk = 0,
  ): Generator<number, void, undefined> {
    let next = below;
    for (let looked = 0; looked < chunksMax; looked++) {
      const row = this.#chunkBelow.get(next);
      if (row === null || row.chunk < oldestChunk) return;
      next = row.chunk;
      if (row.highest_at < since) continue;
      const places = this.#places.in(next, device);
      if (places === null) continue;
      for (let i = places.length - 1; i >= 0; i--) yield next * chunkSize + (places[i] as number);
    }
  }
}
