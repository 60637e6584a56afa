// Owns the HTTP routes of reports: pages in JSON, whole ranges as CSV or NDJSON. Never reads the database itself.

import { encodeCursor } from "./parameters.ts";
import type { WebPorts } from "./ports.ts";
import type { ReportRow } from "../server/rows.ts";
import type { ReportRange, ReportReads, Scan } from "../server/store-reads.ts";
import { Problem } from "./problem.ts";
import { type ReportFormat, reportStream } from "./report-stream.ts";
import { type Call, json, type Route } from "./router.ts";
import { reportOf, unknown } from "./shapes.ts";
import { Slice } from "./slice.ts";

const pageMax = 1_000;
const query = ["from", "to", "order", "limit", "cursor", "format"];
const formats = ["json", "csv", "ndjson"] as const;
const orders = ["newest", "oldest"] as const;

/** How many exports may run at once: each takes event-loop time from the packets. */
const streamsMax = 4;

/** The routes of reports. */
export function reportRoutes(ports: WebPorts): Route[] {
  let streams = 0;
  const stream = (scan: Scan<ReportRow>, format: ReportFormat, limit: number) => {
    if (streams >= streamsMax) {
      throw new Problem("too-many", `${streamsMax} exports are under way.`, {
        "retry-after": "10",
      });
    }
    streams++;
    return reportStream(scan, format, limit, () => streams--);
  };
  const answer = async (call: Call, id: string | null) => {
    const { parameters } = call;
    const format = parameters.choice("format", formats, "json");
    const newestFirst = format === "json" ? "newest" : "oldest";
    const order = parameters.choice("order", orders, newestFirst);
    const range = rangeOf(call, ports.reports, order);
    const scan = ports.reports.scan(id, range, order);
    if (format === "json") return page(scan, parameters.integer("limit", 1, pageMax, 100));
    return stream(scan, format, parameters.integer("limit", 1, 1e12, 1e12));
  };
  return [
    {
      method: "GET",
      path: "/api/v1/reports",
      query,
      access: "read",
      answer: (call) => answer(call, null),
    },
    {
      method: "GET",
      path: "/api/v1/devices/{id}/reports",
      query,
      access: "read",
      answer: (call) => {
        const id = call.names["id"] ?? "";
        if (ports.devices.facts(id) === null) throw unknown(id);
        return answer(call, id);
      },
    },
  ];
}

/** The reports measured between `from` and `to`, with numbers after the cursor. */
function rangeOf(
  { parameters }: Call,
  reports: ReportReads,
  order: "newest" | "oldest",
): ReportRange {
  const from = parameters.time("from", Number.MIN_SAFE_INTEGER);
  const to = parameters.time("to", Number.MAX_SAFE_INTEGER);
  let low = reports.first();
  let high = reports.end();
  const cursor = parameters.cursor((value) =>
    Number.isSafeInteger(value) ? (value as number) : null,
  );
  if (cursor !== null && order === "newest") high = Math.min(high, cursor);
  if (cursor !== null && order === "oldest") low = Math.max(low, cursor + 1);
  return { low, high, from, to };
}

async function page(scan: Scan<ReportRow>, limit: number): Promise<Response> {
  const reports: ReportRow[] = [];
  const slice = new Slice();
  // Reads one more than the page, to know whether there is a next page.
  while (!scan.done && reports.length <= limit) {
    reports.push(...scan.next(limit + 1 - reports.length));
    await slice.breathe();
  }
  const shown = reports.slice(0, limit);
  const last = shown.at(-1);
  const next = reports.length > limit && last !== undefined ? encodeCursor(last.sequence) : null;
  return json({ reports: shown.map(reportOf), next });
}
