// The columns of `data` as reports are read from them and written to them. Runs no statement.

import type { ReportRow } from "../../../server/rows.ts";

/** What a row with `placeColumns` is. */
export type PlacedReport = Pick<ReportRow, "sequence" | "device" | "received" | "at">;

/** When a report was measured. One that was received when it was measured has no time of its own. */
export const measuredAt = "coalesce(at, received)";

/** The columns of a `ReportRow`. */
export const reportColumns = `sequence, device, time, received, ${measuredAt} AS at, code, message`;

/** The columns that the chunk index needs of each report. */
export const placeColumns = `sequence, device, received, ${measuredAt} AS at`;

/** Stores a report; `at` is NULL if that is when it was received. */
export const insertReport = `INSERT INTO data (sequence, device, time, received, at, code, message, key)
                             VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
