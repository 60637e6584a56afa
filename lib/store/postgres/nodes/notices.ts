// The notifications between nodes, as text of at most 7,900 bytes. What arrives was written by another process: it is checked
// field by field, and what is not known is no notice, so that a later version can add kinds. Sends nothing.

import { fieldRules, isId } from "../../../protocol/fields.ts";
import { datagramBytesMax } from "../../../protocol/limits.ts";
import type { AskResult } from "../../../server/asks.ts";
import type { NodeQuestion, Relayed } from "../../../server/nodes.ts";
import type { Asker } from "../../../server/rows.ts";

/** What one node says to the others, or to one of them. */
export type Notice =
  /** Devices have changed. */
  | { readonly kind: "changed"; readonly ids: readonly string[] }
  /** More devices than can be named have changed. */
  | { readonly kind: "all" }
  | { readonly kind: "relay"; readonly relayed: Relayed }
  /** A question, and who wants to know: the name of a node. */
  | {
      readonly kind: "ask";
      readonly ticket: string;
      readonly asker: string;
      readonly question: NodeQuestion;
    }
  | { readonly kind: "answer"; readonly ticket: string; readonly result: AskResult }
  /** Sent to oneself: it shows that the connection still hears. */
  | { readonly kind: "probe"; readonly number: number };

/** A notice, and the channel that sent it: a random name, which a restarted node has not again. */
export type Received = { readonly sender: string; readonly notice: Notice };

/** The longest notification, bytes. PostgreSQL takes 7,999. */
export const noticeBytesMax = 7_900;
/** The most ids in one, in characters with the commas between them: the rest of a notice takes less than 200. */
export const idCharsAtOnce = noticeBytesMax - 200;
const nameCharsMax = 255;

/** The channel on which all nodes listen. */
export const everyone = "iot_server";

/** The channel of one node. Names are hashed: PostgreSQL's identifiers have at most 63 bytes. @param node its name */
export function channelOf(node: string): string {
  return `${everyone}_${Bun.SHA256.hash(node, "hex").slice(0, 40)}`;
}

/** A notice as the text of a notification. @param sender the random name of the channel that sends it */
export function encodeNotice(sender: string, notice: Notice): string {
  return JSON.stringify({ sender, kind: notice.kind, ...fieldsOf(notice) });
}

/** The notice in the text of a notification; null if it is none, or of a kind that this version does not know. */
export function decodeNotice(text: string): Received | null {
  const fields = objectIn(text);
  if (fields === null || !isName(fields["sender"])) return null;
  const notice = noticeIn(fields);
  return notice === null ? null : { sender: fields["sender"], notice };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(notice: Notice): Fields {
  switch (notice.kind) {
    case "changed":
      return { ids: notice.ids.join(",") };
    case "relay": {
      const { from, to, packet } = notice.relayed;
      return { from, to, packet: Buffer.from(packet).toString("base64") };
    }
    case "ask":
      return { ticket: notice.ticket, asker: notice.asker, ...notice.question };
    case "answer":
      return { ticket: notice.ticket, ...resultFields(notice.result) };
    case "probe":
      return { number: notice.number };
    case "all":
      return {};
  }
}

/** A message may have any characters, each of which JSON could write as six: base64 takes a third more, whatever they are. */
function resultFields(result: AskResult): Fields {
  if (result.kind !== "answer") return { result: result.kind };
  const { code, time, message } = result;
  return { result: "answer", code, time, message: Buffer.from(message).toString("base64") };
}

function objectIn(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}

function noticeIn(fields: Fields): Notice | null {
  switch (fields["kind"]) {
    case "changed":
      return changedIn(fields);
    case "all":
      return { kind: "all" };
    case "relay":
      return relayIn(fields);
    case "ask":
      return askIn(fields);
    case "answer":
      return answerIn(fields);
    case "probe":
      return typeof fields["number"] === "number"
        ? { kind: "probe", number: fields["number"] }
        : null;
    default:
      return null;
  }
}

function changedIn({ ids }: Fields): Notice | null {
  if (typeof ids !== "string") return null;
  const found = ids.split(",").filter((id) => isId(id));
  return found.length === 0 ? null : { kind: "changed", ids: found };
}

function relayIn({ from, to, packet }: Fields): Notice | null {
  const bytes = bytesIn(packet);
  if (!isText(from, isId) || !isText(to, isId) || bytes === null) return null;
  if (bytes.length === 0 || bytes.length > datagramBytesMax) return null;
  return { kind: "relay", relayed: { from, to, packet: new Uint8Array(bytes) } };
}

function askIn({ ticket, asker, id, code, target, by }: Fields): Notice | null {
  if (!isName(ticket) || !isName(asker) || !isAsker(by)) return null;
  if (!isText(id, isId) || !isText(code, fieldRules.code.test)) return null;
  if (!isText(target, fieldRules.target.test)) return null;
  return { kind: "ask", ticket, asker, question: { id, code, target, by } };
}

function answerIn(fields: Fields): Notice | null {
  const { ticket } = fields;
  const result = resultIn(fields);
  return isName(ticket) && result !== null ? { kind: "answer", ticket, result } : null;
}

function resultIn({ result, code, time, message }: Fields): AskResult | null {
  switch (result) {
    case "unknown":
    case "not-logged-in":
    case "no-answer":
    case "busy":
      return { kind: result };
    case "answer": {
      const bytes = bytesIn(message);
      if (bytes === null || bytes.length > datagramBytesMax) return null;
      if (!isText(code, fieldRules.code.test) || !isText(time, fieldRules.time.test)) return null;
      return { kind: "answer", code, time, message: bytes.toString() };
    }
    default:
      return null;
  }
}

const askers: Readonly<Record<Asker, true>> = { cli: true, api: true, dashboard: true };

function isAsker(value: unknown): value is Asker {
  return typeof value === "string" && Object.hasOwn(askers, value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= nameCharsMax;
}

function isText(value: unknown, test: (text: string) => boolean): value is string {
  return typeof value === "string" && test(value);
}

function bytesIn(value: unknown): Buffer | null {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return null;
  return Buffer.from(value, "base64");
}
