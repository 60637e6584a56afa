// Stores reports: all of a batch with one statement, each once by its key. Sends nothing itself.

import type { Report } from "../../../server/rows.ts";
import { numberArray, textArray } from "../connection/arrays.ts";
import type { Rows, Statement } from "../connection/writer.ts";
import { columnsOf } from "../rows/columns.ts";

/** A report with its number and its key. */
export type NewReport = {
  readonly report: Report;
  readonly sequence: number;
  readonly key: string;
};

/**
 * The statement that stores reports of different keys.
 * @param epoch that of this server: it stores nothing if another has begun, and returns the numbers of those that it did
 *   not store, mostly because their keys are there; null in a transaction that has looked: then it fails for such a key
 *
 * In the order of the keys: two servers that store the same reports in different orders would wait for each other.
 */
export function insertReports(reports: readonly NewReport[], epoch: number | null): Statement {
  const columns = reports.map(({ report }) => columnsOf(report.message));
  const raws = columns.map(([, raw]) => raw);
  return [
    `WITH given AS (
       SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                            $8::text[], $9::uuid[])
         AS t (sequence, device, time, at, received, code, message, raw, key)
     ), added AS (
       INSERT INTO report (sequence, device, time, at, received, code, message, message_raw, key)
       SELECT sequence, device, time, at, received, code, message, decode(raw, 'hex'), key FROM given
       ${epoch === null ? "" : "WHERE (SELECT epoch FROM meta) = $10::float8"}
       ORDER BY key
       ${epoch === null ? "" : "ON CONFLICT (key) DO NOTHING"}
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
      ...(epoch === null ? [] : [epoch]),
    ],
  ];
}

/** The statement that finds the numbers of stored reports by their keys; see `foundOf`. */
export function findReports(keys: readonly string[], epoch: number): Statement {
  return [
    `SELECT replace(key::text, '-', '') AS key, sequence::float8 AS sequence FROM report
     WHERE key = ANY($1::uuid[]) AND (SELECT epoch FROM meta) = $2::float8`,
    [textArray(keys), epoch],
  ];
}

/** The numbers by key in the rows of `findReports`. */
export function foundOf(rows: Rows): Map<string, number> {
  return new Map(rows.map(({ key, sequence }) => [key as string, sequence as number]));
}
