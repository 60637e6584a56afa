// Owns the export of reports as a stream of CSV (RFC 4180) or NDJSON lines, a thousand rows at a time. Never holds the whole export
// in memory.

import type { ReportRow } from "../../server/rows.ts";
import type { Scan } from "../../server/store-reads.ts";
import { csvHeader, csvLine, jsonLine } from "./report-lines.ts";
import { csvType, textStream, type TextSource } from "./text-stream.ts";

export type ReportFormat = "csv" | "ndjson";

/** How many rows one piece has: about 2 ms of work. */
const rowsPerPiece = 1_000;

const types: Readonly<Record<ReportFormat, string>> = {
  csv: csvType,
  ndjson: "application/x-ndjson",
};

/**
 * Streams the reports of a scan.
 * @param limit how many rows at most
 * @param onEnd as of `textStream`, as `cutAfterMs`
 */
export function reportStream(
  scan: Scan<ReportRow>,
  format: ReportFormat,
  limit: number,
  onEnd: () => void,
  cutAfterMs?: number,
): Response {
  const source = new ReportLines(scan, format, limit);
  return textStream(source, types[format], `reports.${format}`, onEnd, cutAfterMs);
}

class ReportLines implements TextSource {
  #begun = false;
  readonly #write: (report: ReportRow) => string;

  constructor(
    private readonly scan: Scan<ReportRow>,
    private readonly format: ReportFormat,
    private left: number,
  ) {
    this.#write = format === "csv" ? csvLine : jsonLine;
  }

  get done(): boolean {
    return this.#begun && (this.left <= 0 || this.scan.done);
  }

  async next(): Promise<string> {
    const isFirst = !this.#begun;
    this.#begun = true;
    // The heading waits for no read.
    if (isFirst && this.format === "csv") return csvHeader;
    if (this.done) return "";
    let piece = "";
    const rows = await this.scan.next(Math.min(this.left, rowsPerPiece));
    this.left -= rows.length;
    for (const row of rows) piece += this.#write(row);
    return piece;
  }
}
