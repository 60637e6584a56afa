// The rows of PostgreSQL as the server knows them: columns, and what their values become. int8 would come as text, so it is
// cast to float8, which is exact up to 2^53. Runs no statement.

import type {
  CommandRow,
  DeviceRow,
  DeviceSecrets,
  QuestionRow,
  ReportRow,
  SessionRow,
} from "../../../server/rows.ts";

/** The columns of `DeviceRow` in the table `device AS d`. */
export const deviceColumns = `d.id, d.mac, d.ip, d.port, d.registered::float8 AS registered,
  d.repeats::float8 AS repeats, d.sealed_key AS "sealedKey", d.text_locked AS "textLocked"`;

/** The columns of a device with its secrets. */
export const secretColumns = `${deviceColumns}, d.password AS hash, d.stored_proof AS "storedProof",
  d.mac_key AS "macKey"`;

/** A device with its secrets, and the form of its MAC in which MACs are compared. */
export type HeldDevice = DeviceRow & DeviceSecrets & { readonly macKey: string };

/** The device in a row of `deviceColumns`. */
export function deviceOf(raw: Record<string, unknown>): DeviceRow {
  const { id, mac, ip, port, registered, repeats, sealedKey, textLocked } = raw as DeviceRow;
  return { id, mac, ip, port, registered, repeats, sealedKey, textLocked };
}

/** SQL for the number of the latest session of the device in row `d`, since it was registered. */
export const latestSession = `(SELECT max(session) FROM session WHERE device = d.id AND session >= d.first_session)`;

/** SQL for the labels of the device in row `d`, as JSON; null without any. */
export const labelsOfDevice = `(SELECT json_object_agg(key, value)::text FROM label WHERE device = d.id)`;

/** The columns of a session in the table `session AS s`. */
export const sessionColumns = `s.session::float8 AS session, s.device, s.ip AS "sourceIp", s.port AS "sourcePort",
  s.login_ip AS "statedIp", s.login_port AS "statedPort", s.every AS "everySeconds",
  s.started::float8 AS started, s.last_seen::float8 AS "lastSeen", s.ended::float8 AS ended, s.reason,
  s.client_key AS "clientKey", s.clock_offset::float8 AS "clockOffset", s.node`;

/** The session in a row of `sessionColumns`. */
export function sessionOf(raw: Record<string, unknown>): SessionRow {
  const row = raw as SessionRow;
  const { session, device, started, lastSeen, everySeconds, ended, reason, clientKey } = row;
  const source = { ip: raw["sourceIp"] as string, port: raw["sourcePort"] as number };
  const stated = { ip: raw["statedIp"] as string, port: raw["statedPort"] as number };
  const { clockOffset, node } = row;
  const times = { started, lastSeen, everySeconds, ended, reason };
  return { session, device, source, stated, ...times, clientKey, clockOffset, node };
}

/** The columns of a report. A message with NUL, which no text may contain, is in `message_raw`. */
export const reportColumns = `sequence::float8 AS sequence, device, time, received::float8 AS received,
  at::float8 AS at, code, message, message_raw AS raw`;

/** The report in a row of `reportColumns`. */
export function reportOf(raw: Record<string, unknown>): ReportRow {
  const { sequence, device, time, received, at, code } = raw as ReportRow;
  return {
    sequence,
    device,
    time,
    received,
    at,
    code,
    message: textOf(raw["message"], raw["raw"]),
  };
}

/** The columns of a question. */
export const questionColumns = `number::float8 AS number, device, code, target, asker, time,
  asked::float8 AS asked, answered::float8 AS answered, answer_code AS "answerCode",
  answer_time AS "answerTime", answer, answer_raw AS raw`;

/** The question in a row of `questionColumns`. */
export function questionOf(raw: Record<string, unknown>): QuestionRow {
  const { number, device, code, target, time, asked } = raw as QuestionRow;
  const received = raw["answered"] as number | null;
  const [answerCode, answerTime] = [raw["answerCode"] as string, raw["answerTime"] as string];
  const message = textOf(raw["answer"], raw["raw"]);
  const answer =
    received === null ? null : { received, code: answerCode, time: answerTime, message };
  return {
    number,
    device,
    code,
    target,
    by: raw["asker"] as QuestionRow["by"],
    time,
    asked,
    answer,
  };
}

/** The columns of a command. */
export const commandColumns = `number::float8 AS number, device, mac_key AS "macKey", message, origin, request,
  created::float8 AS created, expires::float8 AS expires, due::float8 AS due, sendings::float8 AS sendings,
  sent::float8 AS sent, delivered::float8 AS delivered, ended::float8 AS ended, outcome AS "end", code, result, result_raw AS raw, late`;

/** The command in a row of `commandColumns`. */
export function commandOf({ raw, ...columns }: Record<string, unknown>): CommandRow {
  const row = columns as CommandRow;
  return row.result === null ? row : { ...row, result: textOf(row.result, raw) };
}

/** A text as two columns: itself and null, or nothing and its bytes in hex if it contains NUL. */
export function columnsOf(text: string): readonly [text: string, rawHex: string | null] {
  return text.includes("\0") ? ["", Buffer.from(text).toString("hex")] : [text, null];
}

function textOf(text: unknown, raw: unknown): string {
  return raw === null ? (text as string) : Buffer.from(raw as Uint8Array).toString();
}
