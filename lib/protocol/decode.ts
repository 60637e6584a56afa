// Decodes the bytes of a datagram to a message. Never throws for what a peer sends: a refusal is a value with its code
// and reason.

import { isUtf8 } from "node:buffer";
import { ack, bearsReason } from "./codes.ts";
import {
  decimalOf,
  deviceIdRule,
  fieldRules,
  hasControl,
  isId,
  isPort,
  utf8Bytes,
  type FieldRule,
} from "./fields.ts";
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
import { idIn } from "./seen-ids.ts";
import { decodeTime } from "./time.ts";

/** Why a datagram is not a message: the code and reason for the ACK, and the id in the datagram or null. */
export type Refusal = {
  readonly ok: false;
  readonly code: typeof ack.malformed | typeof ack.unknownType | typeof ack.tooLong;
  readonly reason: string;
  readonly id: string | null;
};

/**
 * A message, or the refusal of the datagram. `timeMs` is the time of a STATUS or DATA, ms since 1970; null if it is in no
 * known form, or for another message.
 */
export type Decoded =
  { readonly ok: true; readonly message: Message; readonly timeMs: number | null } | Refusal;

/** The fields of one form in order, with their rules: an entry of `forms`, prepared for the decoder. */
type Shape = {
  readonly names: readonly FieldName[];
  readonly rules: readonly FieldRule[];
  readonly endsInMessage: boolean;
  readonly isAddressed: boolean;
};

type Shapes = {
  readonly verb: Verb;
  readonly plain: Shape;
  readonly addressed?: Shape;
  readonly extended?: Shape;
};

/** The text of a datagram. */
type Body = {
  readonly text: string;
  /** The length of the text without a trailing line ending (clause 1.6). */
  readonly end: number;
  /** The index of the TAB after the verb, or -1 if there is none. */
  readonly tab: number;
  /** Whether every character is one byte. */
  readonly ascii: boolean;
};

const shapes: readonly Shapes[] = Object.entries(forms).map(([verb, form]) =>
  shapesOf(verb as Verb, form),
);
/** Verbs by their length. At most two have the same length, so comparing them is faster than a look-up by name. */
const shapesByLength = Array.from({ length: 16 }, (_, length) =>
  shapes.filter(({ verb }) => verb.length === length),
);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const TAB = "\t";
const tabCode = 0x09;
/** The most fields of any form, and one more part that shows that a datagram has too many. */
const partsMax = 1 + Math.max(...shapes.map((known) => longestOf(known).names.length));
/** The start of each part of the datagram being decoded, and after the last part the index of its end plus 1. */
const starts = new Int32Array(partsMax + 1);

/**
 * Decodes one text datagram (clauses 1 and 2).
 * @param bytes the datagram as received, of any length; not kept
 */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length > datagramBytesMax) {
    return refuse(ack.tooLong, `${bytes.length} bytes; at most ${datagramBytesMax}`);
  }
  // clause 1.3: checked first because a decoder that throws costs 50 times as much as this check.
  if (!isUtf8(bytes)) return refuse(ack.malformed, "not UTF-8");
  const text = utf8.decode(bytes);
  const end = text.length - trailingNewline(text);
  const tab = text.indexOf(TAB);
  const verbEnd = tab < 0 ? end : tab;
  for (const known of shapesByLength[verbEnd] ?? []) {
    if (!text.startsWith(known.verb)) continue;
    return decodeFields(known, { text, end, tab, ascii: text.length === bytes.length });
  }
  return refuseVerb(text.slice(0, verbEnd));
}

/** Checks each field and builds the message. */
function decodeFields(known: Shapes, body: Body): Decoded {
  const { verb, plain } = known;
  const { text } = body;
  let shape = plain;
  let count = cut(body, plain);
  // Clause 2.7: the form is addressed if field 4 is an IP literal and field 5 a port.
  if (known.addressed !== undefined && count > 3 && isPort(text, starts[3], partEnd(3))) {
    if (isIp(text, starts[2], partEnd(2))) {
      shape = known.addressed;
      count = cut(body, shape);
    }
  } else if (known.extended !== undefined && count === known.extended.names.length) {
    shape = known.extended;
  }
  const { names, rules } = shape;
  if (count !== names.length) {
    const sent = body.tab < 0 ? 0 : text.slice(0, body.end).split(TAB).length - 1;
    // Clause 1.8: if a field is missing, the password may be in the position of the id.
    const shown = names.includes("password") ? 0 : count;
    return refuseFields(body, shape, shown, `takes ${names.length} fields, not ${sent}`);
  }
  for (let i = 0; i < count; i++) {
    const rule = rules[i] as FieldRule;
    if (!rule.test(text, starts[i], partEnd(i))) return refuseFields(body, shape, count, rule.says);
  }
  if (shape.endsInMessage) {
    const stated = decimalOf(text, starts[count - 2], partEnd(count - 2));
    const counted = body.ascii
      ? partEnd(count - 1) - starts[count - 1]!
      : utf8Bytes(part(text, count - 1));
    if (stated !== counted) {
      const reason = `length says ${stated}, message has ${counted} bytes`;
      return refuseFields(body, shape, count, reason);
    }
  }
  if (shape === known.extended && !bearsReason(part(text, 0))) {
    return refuseFields(body, shape, count, "a reason goes with a 9x code only");
  }
  const isTimed = verb === "DATA" || verb === "STATUS";
  const timeAt = shape.isAddressed ? 4 : 2;
  // Here the text is in one piece. To read a digit of a part of it, that part would have to be copied.
  const timeMs = isTimed ? decodeTime(text, starts[timeAt], partEnd(timeAt)) : null;
  return { ok: true, message: build(verb, text, shape.isAddressed, count), timeMs };
}

/**
 * Writes the starts of the fields after the verb to `starts`. A final message takes the rest, including TABs (clause
 * 2.17). In other forms one part more than the fields is counted, which shows that there are too many.
 * @returns the number of parts
 */
function cut({ text, end, tab }: Body, { names, endsInMessage }: Shape): number {
  const countMax = endsInMessage ? names.length : names.length + 1;
  if (tab < 0) {
    starts[0] = end + 1;
    return 0;
  }
  let count = 1;
  starts[0] = tab + 1;
  for (let at = tab + 1; at < end && count < countMax; at++) {
    if (text.charCodeAt(at) === tabCode) starts[count++] = at + 1;
  }
  starts[count] = end + 1;
  return count;
}

function partEnd(index: number): number {
  return (starts[index + 1] as number) - 1;
}

function part(text: string, index: number): string {
  return text.slice(starts[index], partEnd(index));
}

function shapesOf(verb: Verb, form: Form): Shapes {
  const { fields, addressed, optional, namesDevice = false } = form;
  return {
    verb,
    plain: shapeOf(fields, false, namesDevice),
    ...(addressed === undefined ? {} : { addressed: shapeOf(addressed, true) }),
    ...(optional === undefined ? {} : { extended: shapeOf([...fields, optional], false) }),
  };
}

function shapeOf(names: readonly FieldName[], isAddressed: boolean, namesDevice = false): Shape {
  const rules = names.map((name) =>
    name === "id" && namesDevice ? deviceIdRule : fieldRules[name],
  );
  return { names, rules, endsInMessage: names.at(-1) === "message", isAddressed };
}

function longestOf({ plain, addressed, extended }: Shapes): Shape {
  return addressed ?? extended ?? plain;
}

function build(verb: Verb, text: string, addressed: boolean, count: number): Message {
  const at = (index: number) => part(text, index);
  const idAt = (index: number) => idIn(text, starts[index] as number, partEnd(index));
  const address: Address | null = addressed ? { ip: at(2), port: Number(at(3)) } : null;
  const skip = addressed ? 2 : 0;
  switch (verb) {
    case "REGISTER":
    case "DEREGISTER":
      return {
        type: verb,
        id: idAt(0),
        password: at(1),
        mac: at(2),
        ip: at(3),
        port: Number(at(4)),
      };
    case "LOGIN":
      return { type: verb, id: idAt(0), password: at(1), ip: at(2), port: Number(at(3)) };
    case "LOGOFF":
      return { type: verb, id: idAt(0) };
    case "STATUS":
      return { type: verb, code: at(0), id: idAt(1), time: at(2), message: at(4) };
    case "DATA":
      return {
        type: verb,
        code: at(0),
        id: idAt(1),
        address,
        time: at(2 + skip),
        message: at(4 + skip),
      };
    case "QUERY":
      return {
        type: verb,
        code: at(0),
        id: idAt(1),
        address,
        time: at(2 + skip),
        target: at(3 + skip),
      };
    case "ACK":
      return {
        type: verb,
        code: at(0),
        id: idAt(1),
        time: at(2),
        hash: at(3),
        reason: count > 4 ? at(4) : "",
      };
  }
}

/** The length of one trailing LF or CRLF, in characters; 0 if there is none (clause 1.6). */
function trailingNewline(text: string): number {
  if (!text.endsWith("\n")) return 0;
  return text.endsWith("\r\n") ? 2 : 1;
}

function refuse(code: Refusal["code"], reason: string): Refusal {
  return { ok: false, code, reason, id: null };
}

/** Clause 1.4: a text message starts with a capital letter. Clause 2.1: a type that is not in the table is unknown. */
function refuseVerb(verb: string): Refusal {
  if (!/^[A-Z]/.test(verb) || hasControl(verb)) {
    return refuse(ack.malformed, "a datagram starts with a message type and a TAB");
  }
  const named = /^[A-Z]{1,16}$/.test(verb) ? ` ${verb}` : " of this name";
  return refuse(ack.unknownType, `no message type${named}`);
}

function refuseFields({ text }: Body, { names }: Shape, count: number, reason: string): Refusal {
  const verb = text.slice(0, (starts[0] as number) - 1);
  const at = names.indexOf("id");
  const id = at < count ? part(text, at) : "";
  return { ok: false, code: ack.malformed, reason: `${verb}: ${reason}`, id: isId(id) ? id : null };
}
