// The statements that store reports, all of a batch with one, each once by its key, and find them. Sends nothing itself.

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
 * The statement that stores reports of different keys, if none of them is stored yet: it fails for one that is. As long as
 * there are no repeats it costs PostgreSQL a fifth less than `insertMissing`.
 * @param fence that of this process: without it, or if their sessions have ended or moved to another node, reports are left
 *   out, and the count of its result says how many were stored; null in a transaction that has looked at all that
 * @param until when the numbers may be stored, by the database's clock, ms since 1970: later nothing is
 *
 * In the order of the keys: two servers that store the same reports in different orders would wait for each other.
 */
export function insertNew(
  reports: readonly NewReport[],
  fence: Fence | null,
  until = Infinity,
): Statement {
  const where = fence === null ? "" : mayStore;
  return [
    `${inserting} FROM (${givenRows(fence !== null)}) AS given ${where} ORDER BY key`,
    valuesOf(reports, fence, until),
  ];
}

/**
 * The statement that stores those reports whose keys are not stored yet. It returns the numbers of those that it did not
 * store: their keys are there, or it is as for `insertNew`.
 */
export function insertMissing(
  reports: readonly NewReport[],
  fence: Fence,
  until = Infinity,
): Statement {
  return [
    `WITH given AS (${givenRows(true)}), added AS (
       ${inserting} FROM given ${mayStore} ORDER BY key ON CONFLICT (key) DO NOTHING RETURNING sequence
     )
     SELECT sequence::float8 AS sequence FROM given WHERE sequence NOT IN (SELECT sequence FROM added)`,
    valuesOf(reports, fence, until),
  ];
}

const inserting = `INSERT INTO report (sequence, device, time, at, received, code, message, message_raw, key)
       SELECT sequence, device, time, at, received, code, message, decode(raw, 'hex'), key`;

/** Whether this process may store, and the session of a given report is open, and heard by this node. */
const mayStore = `WHERE ${fenced(11, 12)} AND ${inTime(13)} AND (given.session = 0 OR EXISTS
         (SELECT FROM session AS s WHERE s.session = given.session AND s.ended IS NULL AND s.node = $11))`;

/** The given reports as rows. Arrays that are all in one SELECT go on together, and without a copy of each in between. */
function givenRows(withSession: boolean): string {
  return `SELECT unnest($1::bigint[]) AS sequence, unnest($2::text[]) AS device, unnest($3::text[]) AS time,
         unnest($4::bigint[]) AS at, unnest($5::bigint[]) AS received, unnest($6::text[]) AS code,
         unnest($7::text[]) AS message, unnest($8::text[]) AS raw, unnest($9::uuid[]) AS key${
           withSession ? ", unnest($10::bigint[]) AS session" : ""
         }`;
}

function valuesOf(reports: readonly NewReport[], fence: Fence | null, until: number): unknown[] {
  const columns = reports.map(({ report }) => columnsOf(report.message));
  const raws = columns.map(([, raw]) => raw);
  return [
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
  ];
}

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
