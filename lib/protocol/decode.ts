// From a datagram's bytes to a message. What a peer sends never throws: every refusal is a value with its reason.

import { isUtf8 } from "node:buffer";
import { ack, bearsReason } from "./codes.ts";
import { fieldRules, hasControl, isId, isPort, utf8Bytes, type FieldRule } from "./fields.ts";
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

/** The fields of one form in order, with their rules: what the table says, laid out for the decoder. */
type Shape = {
  readonly names: readonly FieldName[];
  readonly rules: readonly FieldRule[];
  readonly endsInMessage: boolean;
  readonly isAddressed: boolean;
};

type Shapes = { readonly plain: Shape; readonly addressed?: Shape; readonly extended?: Shape };

const shapes: ReadonlyMap<string, Shapes> = new Map(
  Object.entries(forms).map(([verb, form]) => [verb, shapesOf(form)]),
);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const TAB = "\t";

/**
 * Decodes one text datagram (clauses 1 and 2).
 * @param bytes the datagram as received, of any length
 */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length > datagramBytesMax) {
    return refuse(ack.tooLong, `${bytes.length} bytes; at most ${datagramBytesMax}`);
  }
  // clause 1.3: asked first because a decoder that throws costs 50 times as much as the question.
  if (!isUtf8(bytes)) return refuse(ack.malformed, "not UTF-8");
  const text = utf8.decode(bytes);
  const body = text.slice(0, text.length - trailingNewline(text));
  const tab = body.indexOf(TAB);
  const verb = tab < 0 ? body : body.slice(0, tab);
  const known = shapes.get(verb);
  if (known === undefined) return refuseVerb(verb);
  return decodeFields(verb as Verb, known, body, tab, text.length === bytes.length);
}

/**
 * Checks each field and puts the message together.
 * @param tab where the verb ends in `body`, below 0 where nothing follows it
 * @param ascii whether every character is one byte
 */
function decodeFields(
  verb: Verb,
  known: Shapes,
  body: string,
  tab: number,
  ascii: boolean,
): Decoded {
  const { plain } = known;
  // One part more than the fields shows what is too much; a message takes the rest, TABs and all (clause 2.17).
  let parts = cut(body, tab, plain.names.length + (plain.endsInMessage ? 0 : 1));
  let shape = plain;
  // Clause 2.7: the addressed form is told by field 4 being an IP literal and field 5 a port.
  if (known.addressed !== undefined && isPort(parts[3] ?? "") && isIp(parts[2] as string)) {
    shape = known.addressed;
    parts = cut(body, tab, shape.names.length + (shape.endsInMessage ? 0 : 1));
  } else if (known.extended !== undefined && parts.length === known.extended.names.length) {
    shape = known.extended;
  }
  const { names, rules } = shape;
  if (parts.length !== names.length) {
    const sent = tab < 0 ? 0 : body.split(TAB).length - 1;
    return refuseFields(verb, names, parts, `takes ${names.length} fields, not ${sent}`);
  }
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as FieldRule;
    if (!rule.test(parts[i] as string)) return refuseFields(verb, names, parts, rule.says);
  }
  if (shape.endsInMessage) {
    const stated = Number(parts[names.length - 2]);
    const text = parts[names.length - 1] as string;
    const counted = ascii ? text.length : utf8Bytes(text);
    if (stated !== counted) {
      const reason = `length says ${stated}, message has ${counted} bytes`;
      return refuseFields(verb, names, parts, reason);
    }
  }
  if (shape === known.extended && !bearsReason(parts[0] as string)) {
    return refuseFields(verb, names, parts, "a reason goes with a 9x code only");
  }
  return { ok: true, message: build(verb, parts, shape.isAddressed) };
}

/** The fields after the verb: at most `count` parts, of which the last is all that is left. */
function cut(body: string, tab: number, count: number): string[] {
  const parts: string[] = [];
  for (let start = tab; start >= 0;) {
    const end = parts.length === count - 1 ? -1 : body.indexOf(TAB, start + 1);
    parts.push(end < 0 ? body.slice(start + 1) : body.slice(start + 1, end));
    start = end;
  }
  return parts;
}

function shapesOf(form: Form): Shapes {
  const { fields, addressed, optional } = form;
  return {
    plain: shapeOf(fields, false),
    ...(addressed === undefined ? {} : { addressed: shapeOf(addressed, true) }),
    ...(optional === undefined ? {} : { extended: shapeOf([...fields, optional], false) }),
  };
}

function shapeOf(names: readonly FieldName[], isAddressed: boolean): Shape {
  const rules = names.map((name) => fieldRules[name]);
  return { names, rules, endsInMessage: names.at(-1) === "message", isAddressed };
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

/** How many characters of one trailing LF or CRLF there are (clause 1). */
function trailingNewline(text: string): number {
  if (!text.endsWith("\n")) return 0;
  return text.endsWith("\r\n") ? 2 : 1;
}

function refuse(code: Refusal["code"], reason: string): Refusal {
  return { ok: false, code, reason, id: null };
}

/** Clause 1.4: what does not start with a capital letter is no text message; clause 2.1: any other type is unknown. */
function refuseVerb(verb: string): Refusal {
  if (!/^[A-Z]/.test(verb) || hasControl(verb)) {
    return refuse(ack.malformed, "a datagram starts with a message type and a TAB");
  }
  const named = /^[A-Z]{1,16}$/.test(verb) ? ` ${verb}` : " of this name";
  return refuse(ack.unknownType, `no message type${named}`);
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
