// A report as a line of an export, over HTTP and on the command line. Reads no report and writes to nobody.

import { csvField, csvRow } from "../../csv.ts";
import type { ReportRow } from "../../server/rows.ts";

/** The first line of an export as CSV. */
export const csvHeader = csvRow([
  "sequence",
  "device",
  "time",
  "received",
  "code",
  "message",
  "at",
]);

/** A report as a line of CSV. */
export function csvLine(report: ReportRow): string {
  const { sequence, device, time, received, at, code, message } = report;
  return `${sequence},${csvField(device)},${csvField(time)},${isoTime(received)},${code},${csvField(message)},${isoTime(at)}\r\n`;
}

/** A report as a line of NDJSON. */
export function jsonLine(report: ReportRow): string {
  const { sequence, device, time, received, at, code, message } = report;
  return `{"sequence":${sequence},"device":${JSON.stringify(device)},"time":${JSON.stringify(time)},"received":"${isoTime(received)}","at":"${isoTime(at)}","code":"${code}","message":${JSON.stringify(message)}}\n`;
}

let lastMs = Number.NaN;
let lastText = "";

/** A time as text. Successive reports of the same millisecond reuse the text. */
function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
