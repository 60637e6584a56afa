// The answers to a QUERY: which DATA fits which QUERY, and how its message is parsed. Never sends, keeps no state.

import { answer, query } from "../protocol/codes.ts";
import { isId, isPort } from "../protocol/fields.ts";
import { isIp } from "../protocol/ip.ts";
import type { Address, Data, Query } from "../protocol/messages.ts";

/** A device's latest report, as the answer to QUERY 02 contains it. */
export type LatestReport = {
  readonly time: string;
  readonly code: string;
  readonly message: string;
};

/**
 * Whether a DATA can be the answer to a QUERY. Checks the id, the code, and that the message has the form that this
 * QUERY code asks for; the caller has checked the source address.
 * @param asked the QUERY, plain or addressed
 * @param data a DATA that arrived while the QUERY was outstanding
 */
export function answersQuery(asked: Query, data: Data): boolean {
  // protocol §2.5: a device answers under its own id, the server under the asker's.
  if (asked.address !== null) return data.id === asked.target;
  if (data.address !== null) return false;
  if (data.id !== asked.id && data.id !== asked.target) return false;
  switch (data.code) {
    case answer.unknownDevice:
    case answer.notLoggedIn:
    case answer.noAnswer:
      return true;
    case answer.found:
      return fitsQuestion(asked.code, data.message);
    default:
      return false;
  }
}

function fitsQuestion(code: string, message: string): boolean {
  switch (code) {
    case query.address:
      return addressIn(message) !== null;
    case query.latestReport:
      return message === "" || latestReportIn(message) !== null;
    case query.loggedIn:
      return idsIn(message) !== null;
    default:
      return true;
  }
}

/**
 * Reads the answer to QUERY 01, `ip→port`.
 * @returns the address, or null if the text is not one
 */
export function addressIn(message: string): Address | null {
  const [ip, port, ...rest] = message.split("\t");
  if (ip === undefined || port === undefined || rest.length > 0) return null;
  return isIp(ip) && isPort(port) ? { ip, port: Number(port) } : null;
}

/**
 * Reads the answer to QUERY 02, `time→code→message`; the message may contain TABs.
 * @returns the report, or null if the text is not one
 */
export function latestReportIn(message: string): LatestReport | null {
  const [time, code, ...rest] = message.split("\t");
  if (time === undefined || code === undefined || rest.length === 0) return null;
  return /^\d\d$/.test(code) ? { time, code, message: rest.join("\t") } : null;
}

/**
 * Reads the answer to QUERY 03, ids separated by commas; an empty text marks the end of the list.
 * @returns the ids, or null if the text is not such a list
 */
export function idsIn(message: string): string[] | null {
  if (message === "") return [];
  const ids = message.split(",");
  return ids.every((id) => isId(id)) ? ids : null;
}
