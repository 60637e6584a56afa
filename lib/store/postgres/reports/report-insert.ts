// Stores reports: all of a batch with one statement, each once by its key. Sends nothing itself.

import type { Report } from "../../../server/rows.ts";
import { numberArray, textArray } from "../connection/arrays.ts";
import { type Fence, fenced, inTime } from "../nodes/claim.ts";
import type { Rows, Statement } from "../connection/writer.ts";
import { columnsOf } from "../rows/columns.ts";

/** A report with its number and its key. */
export type NewReport = {
  readonly report: Report;
  /** The number of its session, which must be open and this node's; 0 for none. */
  readonly session: number;
  readonly sequence: number;
  readonly key: string;
};

/**
 * The statement that stores reports of different keys.
 * @param fence that of this process: without it nothing is stored. Then it returns the numbers of those that it did not
 *   store, mostly because their keys are there, or because their sessions have ended or moved to another node; null in a transaction that has
 *   looked: then it fails for such a key
 * @param until when the numbers may be stored, by the database's clock, ms since 1970: later nothing is
 *
 * In the order of the keys: two servers that store the same reports in different orders would wait for each other.
 */
export function insertReports(
  reports: readonly NewReport[],
  fence: Fence | null,
  until = Infinity,
): Statement {
  const columns = reports.map(({ report }) => columnsOf(report.message));
  const raws = columns.map(([, raw]) => raw);
  return [
    `WITH given AS (
       SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                            $8::text[], $9::uuid[]${fence === null ? "" : ", $10::bigint[]"})
         AS t (sequence, device, time, at, received, code, message, raw, key${fence === null ? "" : ", session"})
     ), added AS (
       INSERT INTO report (sequence, device, time, at, received, code, message, message_raw, key)
       SELECT sequence, device, time, at, received, code, message, decode(raw, 'hex'), key FROM given
       ${fence === null ? "" : `WHERE ${fenced(11, 12)} AND ${inTime(13)} AND ${isOpen}`}
       ORDER BY key
       ${fence === null ? "" : "ON CONFLICT (key) DO NOTHING"}
       RETURNING sequence
     )
     SELECT sequence::float8 AS sequence FROM given WHERE sequence NOT IN (SELECT sequence FROM added)`,
    [
      numberArray(reports.map(({ sequence }) => sequence)),
      textArray(reports.map(({ report }) => report.device)),
      textArray(reports.map(({ report }) => report.time)),
      numberArray(reports.map(({ report }) => report.at)),
      numberArray(reports.map(({ report }) => report.received)),
      textArray(reports.map(({ report }) => report.code)),
      textArray(columns.map(([text]) => text)),
      // Nearly always without NUL: the missing ones are null.
      raws.every((raw) => raw === null) ? "{}" : textArray(raws),
      textArray(reports.map(({ key }) => key)),
      ...(fence === null
        ? []
        : [numberArray(reports.map(({ session }) => session)), fence.node, fence.epoch, until]),
    ],
  ];
}

/** Whether the session of a given report is open, and heard by this node. */
const isOpen = `(given.session = 0 OR EXISTS
         (SELECT FROM session AS s WHERE s.session = given.session AND s.ended IS NULL AND s.node = $11))`;

/** The statement that finds the numbers of stored reports by their keys; see `foundOf`. */
export function findReports(keys: readonly string[]): Statement {
  return [
    `SELECT replace(key::text, '-', '') AS key, sequence::float8 AS sequence FROM report WHERE key = ANY($1::uuid[])`,
    [textArray(keys)],
  ];
}

/** The numbers by key in the rows of `findReports`. */
export function foundOf(rows: Rows): Map<string, number> {
  return new Map(rows.map(({ key, sequence }) => [key as string, sequence as number]));
}
