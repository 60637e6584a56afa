// Reads a device's reports, newest first or by time, through the chunk index. Works on a server's own connection and on
// a database opened read-only; writes nothing.

import type { Database, Statement } from "bun:sqlite";
import type { Report } from "../server/operation.ts";
import { chunkSize, type ReportChunks } from "./report-chunks.ts";

/** A report with its number. */
export type StoredReport = Report & { readonly sequence: number };

type ReportRow = {
  sequence: number;
  device: string;
  time: string;
  received: number;
  code: string;
  message: string;
};

const columns = "sequence, device, time, received, code, message";

export class ReportReader {
  readonly #one: Statement<ReportRow>;
  readonly #tail: Statement<ReportRow>;
  readonly #chunksDown: Statement<{ chunk: number; first_received: number }>;
  readonly #places: Statement<{ places: Uint8Array }>;

  /** @param chunks what the server holds in memory; null where the rows not indexed yet are to be scanned */
  constructor(
    database: Database,
    private readonly chunks: ReportChunks | null,
  ) {
    this.#one = database.prepare(`SELECT ${columns} FROM data WHERE sequence = ?`);
    this.#tail = database.prepare(
      `SELECT ${columns} FROM data WHERE sequence >= ? AND device = ? ORDER BY sequence DESC`,
    );
    this.#chunksDown = database.prepare(
      "SELECT chunk, first_received FROM report_chunk WHERE chunk < ? ORDER BY chunk DESC",
    );
    this.#places = database.prepare(
      "SELECT places FROM report_index WHERE chunk = ? AND device = ?",
    );
  }

  /** One report by its number, or null. */
  at(sequence: number): StoredReport | null {
    return this.#one.get(sequence);
  }

  /**
   * A device's reports, newest first, read as they are taken.
   * @param device an id
   * @param since received at or after this time only, ms since 1970
   * @param chunksMax how many chunks of the index to look into at most
   */
  *newest(
    device: string,
    since = 0,
    chunksMax = Number.POSITIVE_INFINITY,
  ): Generator<StoredReport, void, undefined> {
    for (const report of this.#unindexed(device)) {
      if (report.received < since) return;
      yield report;
    }
    let looked = 0;
    for (const { chunk } of this.#chunksDown.all(this.#firstUnindexedChunk())) {
      if (looked++ >= chunksMax) return;
      for (const sequence of this.#indexed(chunk, device)) {
        const report = this.at(sequence);
        // Retention removed it; what is older is gone too.
        if (report === null) return;
        if (report.received < since) return;
        yield report;
      }
    }
  }

  /** A device's newest reports, newest first. */
  last(device: string, count: number, since = 0): StoredReport[] {
    const reports: StoredReport[] = [];
    if (count <= 0) return reports;
    for (const report of this.newest(device, since)) {
      reports.push(report);
      if (reports.length >= count) break;
    }
    return reports;
  }

  #firstUnindexedChunk(): number {
    if (this.chunks !== null) return this.chunks.memoryFrom / chunkSize;
    const newest = this.#chunksDown.get(Number.MAX_SAFE_INTEGER);
    return newest === null ? 0 : newest.chunk + 1;
  }

  *#unindexed(device: string): Generator<StoredReport> {
    if (this.chunks === null) {
      yield* this.#tail.all(this.#firstUnindexedChunk() * chunkSize, device);
      return;
    }
    for (const sequence of this.chunks.newestInMemory(device)) {
      const report = this.at(sequence);
      if (report !== null) yield report;
    }
  }

  /** Numbers of the device's reports in an indexed chunk, newest first. */
  *#indexed(chunk: number, device: string): Generator<number> {
    const row = this.#places.get(chunk, device);
    if (row === null) return;
    const places = new Uint16Array(row.places.slice().buffer);
    for (let i = places.length - 1; i >= 0; i--) yield chunk * chunkSize + (places[i] as number);
  }
}
