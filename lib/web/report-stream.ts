// Owns the export of reports as a stream of CSV (RFC 4180) or NDJSON lines, a thousand rows at a time, as fast as the
// client reads them. Never holds the whole export in memory.

import type { ReportRow } from "../server/rows.ts";
import type { Scan } from "../server/store-reads.ts";
import { csvHeader, csvLine, jsonLine } from "./report-lines.ts";

export type ReportFormat = "csv" | "ndjson";

/** How many rows one piece has: about 2 ms of work. */
const rowsPerPiece = 1_000;
/** How long a client may read nothing before it is disconnected, ms. */
const stalledMs = 30_000;

const types: Readonly<Record<ReportFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  ndjson: "application/x-ndjson",
};

/**
 * Streams the reports of a scan.
 * @param limit how many rows at most
 * @param onEnd called once, when the export is complete or has failed, or the client has disconnected
 * @param cutAfterMs how long the client may read nothing before it is disconnected
 */
export function reportStream(
  scan: Scan<ReportRow>,
  format: ReportFormat,
  limit: number,
  onEnd: () => void,
  cutAfterMs = stalledMs,
): Response {
  let left = limit;
  let ended = false;
  let watch: ReturnType<typeof setTimeout> | null = null;
  const end = () => {
    if (watch !== null) clearTimeout(watch);
    watch = null;
    if (!ended) onEnd();
    ended = true;
  };
  const write = format === "csv" ? csvLine : jsonLine;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (format === "csv") controller.enqueue(bytesOf(csvHeader));
      },
      async pull(controller) {
        if (watch !== null) clearTimeout(watch);
        let piece = "";
        try {
          while (piece === "" && left > 0 && !scan.done && !ended) {
            // Lets packets be processed between two pieces.
            await new Promise(setImmediate);
            const rows = await scan.next(Math.min(left, rowsPerPiece));
            left -= rows.length;
            for (const row of rows) piece += write(row);
          }
        } catch (error) {
          // The database could not be read: the client sees a transfer that was cut off.
          end();
          throw error;
        }
        if (ended) return;
        if (piece !== "") controller.enqueue(bytesOf(piece));
        if (left > 0 && !scan.done) {
          watch = setTimeout(() => {
            end();
            controller.error(new Error("the reader took nothing for too long"));
          }, cutAfterMs);
          return;
        }
        end();
        controller.close();
      },
      cancel: end,
    },
    // One piece is prepared while the client reads the previous one.
    { highWaterMark: 1 },
  );
  return new Response(stream, {
    headers: {
      "content-type": types[format],
      "cache-control": "no-store",
      "content-disposition": `attachment; filename="reports.${format}"`,
    },
  });
}

const encoder = new TextEncoder();

function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}
