// Owns the handlers of reports: pages in JSON, whole ranges as CSV or NDJSON. Never reads the database itself.

import type { ReportRow } from "../../server/rows.ts";
import type { ReportRange, ReportReads, Scan } from "../../server/store-reads.ts";
import type { ExportSlots } from "../exports/export-slots.ts";
import type { RouteAnswer, CallOf, Handlers } from "../handlers.ts";
import { encodeCursor } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { type ReportFormat, reportStream } from "../exports/report-stream.ts";
import { reportOf, unknown } from "../devices/device-values.ts";
import { Slice } from "../../fleet/slice.ts";

type Ends = [first: number, end: number];
type ReportQuery = ReturnType<CallOf<"reports">["parameters"]>;

/** The handlers of reports. */
export function reportHandlers(
  ports: WebPorts,
  exports: ExportSlots,
): Pick<Handlers, "reports" | "deviceReports"> {
  const stream = (scan: Scan<ReportRow>, format: ReportFormat, limit: number) =>
    reportStream(scan, format, limit, exports.take());
  const answer = (id: string | null, query: ReportQuery, ends: Ends) => {
    const { format, order, limit } = query;
    const scan = ports.reports.scan(id, rangeOf(query, ends), order);
    return format === "json" ? page(scan, limit) : stream(scan, format, limit);
  };
  return {
    reports: async (call) => answer(null, call.parameters(), await endsOf(ports.reports)),
    deviceReports: async (call) => {
      const { id } = call.names;
      const [facts, ends] = await Promise.all([ports.devices.facts(id), endsOf(ports.reports)]);
      if (facts === null) throw unknown(id);
      return answer(id, call.parameters(), ends);
    },
  };
}

/** The numbers of the kept reports: from the first to below the second value. */
export async function endsOf(reports: ReportReads): Promise<Ends> {
  return Promise.all([reports.first(), reports.end()]);
}

/** The reports measured between `from` and `to`, with numbers after the cursor. */
function rangeOf({ from, to, order, cursor }: ReportQuery, [first, end]: Ends): ReportRange {
  let [low, high] = [first, end];
  if (cursor !== null && order === "newest") high = Math.min(high, cursor);
  if (cursor !== null && order === "oldest") low = Math.max(low, cursor + 1);
  return {
    low,
    high,
    from: from ?? Number.MIN_SAFE_INTEGER,
    to: to ?? Number.MAX_SAFE_INTEGER,
  };
}

async function page(scan: Scan<ReportRow>, limit: number): Promise<RouteAnswer<"reports">> {
  const reports: ReportRow[] = [];
  const slice = new Slice();
  // Reads one more than the page, to know whether there is a next page.
  while (!scan.done && reports.length <= limit) {
    reports.push(...(await scan.next(limit + 1 - reports.length)));
    await slice.breathe();
  }
  const shown = reports.slice(0, limit);
  const last = shown.at(-1);
  const next = reports.length > limit && last !== undefined ? encodeCursor(last.sequence) : null;
  return { reports: shown.map(reportOf), next };
}
