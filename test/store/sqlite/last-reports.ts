// A device's newest reports, as tests compare them.

import type { ReportRow } from "../../../lib/server/rows.ts";
import type { ReportReader } from "../../../lib/store/sqlite/reports/report-reader.ts";

/** At most `count` of a device's newest reports, newest first, measured at or after `since`, ms since 1970. */
export function lastReports(
  reader: ReportReader,
  device: string,
  count: number,
  since = 0,
): ReportRow[] {
  return reader.newest(device, since).take(count).toArray();
}
