// Loads the rows that the steps of a batch name, a statement for each kind, and locks the devices in the order of their ids.
// Decides nothing.

import { comparableMac } from "../../../protocol/fields.ts";
import { labelsIn } from "../../../server/labels.ts";
import type { AnsweredRow, SealedRequest } from "../../../server/rows.ts";
import type { Keys, Step } from "../../../server/store-port.ts";
import { byteaText, numberArray, textArray } from "../connection/arrays.ts";
import type { Statement } from "../connection/writer.ts";
import {
  type HeldDevice,
  questionColumns,
  questionOf,
  reportColumns,
  reportOf,
  secretColumns,
  sessionColumns,
  sessionOf,
} from "../rows/columns.ts";
import { commandsOf } from "./command-statements.ts";
import { doorLoadings } from "./door-loading.ts";
import { listKey, type Loading, requestKey } from "./overlay.ts";

/**
 * What a batch needs loaded.
 * @param keyOf the key of a report, by the place of its step
 * @param asked the devices with reports that may be answers, and with questions
 * @param node the name of this node
 */
export function loadingsOf(
  steps: readonly Step[],
  keyOf: (place: number) => string,
  asked: readonly string[],
  node: string,
): Loading[] {
  const keys = steps.flatMap((step) => (step.kind === "rule" ? [step.keys] : []));
  const reports = steps.flatMap((step, place) => (step.kind === "report" ? [keyOf(place)] : []));
  const answered = keys.flatMap((one) => one.answered ?? []);
  const lists = keys.flatMap((one) => one.loggedIn ?? []);
  const sessions = steps.flatMap((step) => (step.kind === "report" ? [step.session] : []));
  return [
    ...devicesOf(keys),
    ...sessionsOf(keys),
    ...labelsOf(keys),
    ...lastReportsOf(keys),
    ...(answered.length === 0 ? [] : [answersTo(answered)]),
    ...(asked.length === 0 ? [] : [questionsTo(asked)]),
    ...(reports.length === 0 ? [] : [reportsWith(reports), sessionsThatAreOpen(sessions, node)]),
    ...lists.map(idsThatAreLoggedIn),
    ...commandsOf(keys),
    ...doorLoadings(keys),
  ];
}

/** The statement that loads and locks devices: those of these ids, and who has these IPs and MACs. */
export function loadingDevices(
  ids: readonly string[],
  ips: readonly string[],
  macs: readonly string[],
): Loading {
  const where = [
    "d.id = ANY($1::text[])",
    ...(ips.length > 0 ? ["d.ip = ANY($2::text[])"] : []),
    ...(macs.length > 0 ? ["d.mac_key = ANY($3::text[])"] : []),
  ];
  // All three are named, so that one text has the same parameters in each form.
  const text = `SELECT ${secretColumns} FROM device AS d
    WHERE (${where.join(" OR ")}) AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL
    ORDER BY d.id FOR UPDATE`;
  return {
    statement: [text, [textArray(ids), textArray(ips), textArray(macs)]],
    take: (rows, { devices }) => {
      for (const id of ids) if (!devices.has(id)) devices.set(id, null);
      for (const row of rows as unknown as HeldDevice[]) devices.set(row.id, row);
    },
  };
}

function devicesOf(keys: readonly Keys[]): Loading[] {
  const ids = keys.flatMap(({ device }) => device ?? []);
  const ips = keys.flatMap(({ ipHolder }) => ipHolder?.ip ?? []);
  const macs = keys.flatMap(({ macHolder }) => macHolder?.mac ?? []);
  if (ids.length + ips.length + macs.length === 0) return [];
  return [loadingDevices(unique(ids), unique(ips), unique(macs.map(comparableMac)))];
}

function sessionsOf(keys: readonly Keys[]): Loading[] {
  const ids = keys.flatMap(({ device, withSession }) =>
    withSession === true ? (device ?? []) : [],
  );
  if (ids.length === 0) return [];
  const text = `SELECT s.* FROM unnest($1::text[]) AS given (id) CROSS JOIN LATERAL (
      SELECT ${sessionColumns} FROM session AS s WHERE s.device = given.id ORDER BY s.session DESC LIMIT 1
    ) AS s`;
  const take: Loading["take"] = (rows, { sessions }) => {
    for (const row of rows.map(sessionOf)) sessions.set(row.device, row);
  };
  return [{ statement: [text, [textArray(unique(ids))]], take }];
}

function labelsOf(keys: readonly Keys[]): Loading[] {
  const ids = keys.flatMap(({ device, withLabels }) => (withLabels === true ? (device ?? []) : []));
  if (ids.length === 0) return [];
  const text = `SELECT device, max(mac_key) AS "macKey", json_object_agg(key, value)::text AS labels
    FROM label WHERE device = ANY($1::text[]) GROUP BY device`;
  const take: Loading["take"] = (rows, { labels }) => {
    for (const row of rows as unknown as { device: string; macKey: string; labels: string }[]) {
      labels.set(row.device, { macKey: row.macKey, labels: labelsIn(row.labels) });
    }
  };
  return [{ statement: [text, [textArray(unique(ids))]], take }];
}

function lastReportsOf(keys: readonly Keys[]): Loading[] {
  const ids = keys.flatMap(({ device, withLastReport }) =>
    withLastReport === true ? (device ?? []) : [],
  );
  if (ids.length === 0) return [];
  const text = `SELECT r.* FROM unnest($1::text[]) AS given (id) CROSS JOIN LATERAL (
      SELECT ${reportColumns} FROM report WHERE device = given.id ORDER BY report.sequence DESC LIMIT 1
    ) AS r`;
  const take: Loading["take"] = (rows, { lastReports }) => {
    for (const row of rows.map(reportOf)) lastReports.set(row.device, row);
  };
  return [{ statement: [text, [textArray(unique(ids))]], take }];
}

function answersTo(requests: readonly SealedRequest[]): Loading {
  const text = `SELECT a.device, a.client_key AS "clientKey", a.msgid::text AS msgid, a.code, a.digest
    FROM answered AS a JOIN unnest($1::text[], $2::bytea[], $3::bigint[]) AS given (device, client_key, msgid)
    USING (device, client_key, msgid)`;
  const values = [
    textArray(requests.map(({ device }) => device)),
    textArray(requests.map(({ clientKey }) => byteaText(clientKey))),
    `{${requests.map(({ msgid }) => storedMsgid(msgid)).join(",")}}`,
  ];
  return {
    statement: [text, values],
    take: (rows, { answered }) => {
      for (const row of rows) {
        const msgid = BigInt.asUintN(64, BigInt(row["msgid"] as string));
        const { device, clientKey, digest } = row as unknown as SealedRequest;
        const { code } = row as unknown as AnsweredRow;
        answered.set(requestKey({ device, clientKey, msgid, digest }), { code, digest });
      }
    },
  };
}

function questionsTo(devices: readonly string[]): Loading {
  const text = `SELECT ${questionColumns} FROM question WHERE device = ANY($1::text[]) ORDER BY question.number DESC`;
  return {
    statement: [text, [textArray(devices)]],
    take: (rows, { questions }) => {
      for (const row of rows.map(questionOf)) {
        const own = questions.get(row.device);
        if (own === undefined) questions.set(row.device, [row]);
        else own.push(row);
      }
    },
  };
}

function reportsWith(keys: readonly string[]): Loading {
  const text = `SELECT replace(key::text, '-', '') AS key, sequence::float8 AS sequence
    FROM report WHERE key = ANY($1::uuid[])`;
  return {
    statement: [text, [textArray(keys)]],
    take: (rows, { reports }) => {
      for (const { key, sequence } of rows) reports.set(key as string, sequence as number);
    },
  };
}

function sessionsThatAreOpen(sessions: readonly number[], node: string): Loading {
  const text = `SELECT session::float8 AS session FROM session
    WHERE session = ANY($1::bigint[]) AND ended IS NULL AND node = $2`;
  return {
    statement: [text, [numberArray([...new Set(sessions)]), node]],
    take: (rows, { openSessions }) => {
      for (const { session } of rows) openSessions.add(session as number);
    },
  };
}

function idsThatAreLoggedIn(asked: NonNullable<Keys["loggedIn"]>): Loading {
  const { after, inText, limit } = asked;
  const text = `SELECT device FROM session WHERE ended IS NULL AND device > $1
    ${inText ? "AND client_key IS NULL" : ""} ORDER BY device LIMIT $2::int`;
  return {
    statement: [text, [after ?? "", limit]],
    take: (rows, { loggedIn }) => {
      loggedIn.set(
        listKey(asked),
        rows.map(({ device }) => device as string),
      );
    },
  };
}

/** A msgid as PostgreSQL keeps it: its integers are signed, a msgid is not. */
export function storedMsgid(msgid: bigint): bigint {
  return BigInt.asIntN(64, msgid);
}

/** Some numbers of a sequence, as a statement. */
export function taking(sequence: string, count: number): Statement {
  return [
    `SELECT nextval('${sequence}')::float8 AS number FROM generate_series(1, $1::int)`,
    [count],
  ];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
