// From a datagram's bytes to a message. What a peer sends never throws: every refusal is a value with its reason.

import { ack } from "./codes.ts";
import { fieldRules, isId, isPort, utf8Bytes } from "./fields.ts";
import { isIp } from "./ip.ts";
import { datagramBytesMax } from "./limits.ts";
import {
  forms,
  type Address,
  type FieldName,
  type Form,
  type Message,
  type Verb,
} from "./messages.ts";

/** Why a datagram is no message: the code and reason for an ACK, and the id in it where one can be read. */
export type Refusal = {
  readonly ok: false;
  readonly code: typeof ack.malformed | typeof ack.unknownType | typeof ack.tooLong;
  readonly reason: string;
  readonly id: string | null;
};

/** A message, or why there is none. */
export type Decoded = { readonly ok: true; readonly message: Message } | Refusal;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// oxlint-disable-next-line no-control-regex -- the ASCII range is what this tells apart
const notAscii = /[^\u0000-\u007f]/;
const TAB = "\t";

/**
 * Decodes one text datagram (clauses 1 and 2).
 * @param bytes the datagram as received, of any length
 */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length > datagramBytesMax) {
    return refuse(ack.tooLong, `${bytes.length} bytes; at most ${datagramBytesMax}`);
  }
  const text = textOf(bytes);
  if (text === null) return refuse(ack.malformed, "not UTF-8");
  const body = text.slice(0, text.length - trailingNewline(text));
  const tab = body.indexOf(TAB);
  const verb = tab < 0 ? body : body.slice(0, tab);
  if (!Object.hasOwn(forms, verb)) return refuseVerb(verb);
  return decodeFields(verb as Verb, tab < 0 ? "" : body.slice(tab + 1));
}

function decodeFields(verb: Verb, body: string): Decoded {
  const form = forms[verb];
  const parts = body === "" ? [] : body.split(TAB);
  const names = fieldsOf(form, parts);
  if (names.at(-1) === "message" && parts.length > names.length) {
    parts.push(parts.splice(names.length - 1).join(TAB));
  }
  if (parts.length !== names.length) {
    return refuseFields(
      verb,
      names,
      parts,
      `${names.length} fields after ${verb}, not ${parts.length}`,
    );
  }
  for (let i = 0; i < names.length; i++) {
    const rule = fieldRules[names[i] as FieldName];
    if (!rule.test(parts[i] as string)) return refuseFields(verb, names, parts, rule.says);
  }
  if (names.at(-1) === "message") {
    const stated = Number(parts.at(-2));
    const counted = utf8Bytes(parts.at(-1) as string);
    if (stated !== counted) {
      return refuseFields(
        verb,
        names,
        parts,
        `length says ${stated}, message has ${counted} bytes`,
      );
    }
  }
  return { ok: true, message: build(verb, parts, names === form.addressed) };
}

/** The fields this datagram must have: the addressed form where field 4 is an IP literal and field 5 a port. */
function fieldsOf(form: Form, parts: readonly string[]): readonly FieldName[] {
  const { fields, addressed, optional } = form;
  if (addressed !== undefined && isPort(parts[3] ?? "") && isIp(parts[2] ?? "")) return addressed;
  if (optional !== undefined && parts.length === fields.length + 1) return [...fields, optional];
  return fields;
}

function build(verb: Verb, parts: readonly string[], addressed: boolean): Message {
  const at = (index: number) => parts[index] as string;
  const address: Address | null = addressed ? { ip: at(2), port: Number(at(3)) } : null;
  const skip = addressed ? 2 : 0;
  switch (verb) {
    case "REGISTER":
    case "DEREGISTER":
      return { type: verb, id: at(0), password: at(1), mac: at(2), ip: at(3), port: Number(at(4)) };
    case "LOGIN":
      return { type: verb, id: at(0), password: at(1), ip: at(2), port: Number(at(3)) };
    case "LOGOFF":
      return { type: verb, id: at(0) };
    case "STATUS":
      return { type: verb, code: at(0), id: at(1), time: at(2), message: at(4) };
    case "DATA":
      return {
        type: verb,
        code: at(0),
        id: at(1),
        address,
        time: at(2 + skip),
        message: at(4 + skip),
      };
    case "QUERY":
      return {
        type: verb,
        code: at(0),
        id: at(1),
        address,
        time: at(2 + skip),
        target: at(3 + skip),
      };
    case "ACK":
      return {
        type: verb,
        code: at(0),
        id: at(1),
        time: at(2),
        hash: at(3),
        reason: parts[4] ?? "",
      };
  }
}

/** The datagram as a string, or null where it is not UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  const latin1 = Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
  if (!notAscii.test(latin1)) return latin1;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** How many characters of one trailing LF or CRLF there are (clause 1). */
function trailingNewline(text: string): number {
  if (!text.endsWith("\n")) return 0;
  return text.endsWith("\r\n") ? 2 : 1;
}

function refuse(code: Refusal["code"], reason: string): Refusal {
  return { ok: false, code, reason, id: null };
}

function refuseVerb(verb: string): Refusal {
  return /^[A-Z]{1,16}$/.test(verb)
    ? refuse(ack.unknownType, `no message type ${verb}`)
    : refuse(ack.malformed, "a datagram starts with a message type and a TAB");
}

function refuseFields(
  verb: Verb,
  names: readonly FieldName[],
  parts: readonly string[],
  reason: string,
): Refusal {
  const id = parts[names.indexOf("id")] ?? "";
  return { ok: false, code: ack.malformed, reason: `${verb}: ${reason}`, id: isId(id) ? id : null };
}
