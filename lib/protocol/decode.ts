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
import { forms, type AnyForm, type FieldName, type Fields, type Message } from "./messages.ts";
import { type Cut, Parts } from "./parts.ts";
import { decodeTime } from "./time.ts";

/** Why a datagram is not a message: the code and reason for the ACK, and the id in the datagram or null. */
export type Refusal = {
  readonly ok: false;
  readonly code: typeof ack.malformed | typeof ack.unknownType | typeof ack.tooLong;
  readonly reason: string;
  readonly id: string | null;
};

/**
 * A message, or the refusal of the datagram. `timeMs` is the time of a message that is timed (see `Form`), ms since 1970;
 * null if it is in no known form, or for another message.
 */
export type Decoded =
  { readonly ok: true; readonly message: Message; readonly timeMs: number | null } | Refusal;

/** One form, prepared for the decoder, with the rules of its fields. */
type Shape = Cut & { readonly rules: readonly FieldRule[] };

/** All of a verb: an entry of `forms`, prepared for the decoder. */
type Known = {
  readonly verb: string;
  readonly plain: Shape;
  readonly addressed: Shape | null;
  /** The plain form with the field that may be omitted. */
  readonly extended: Shape | null;
  readonly isTimed: boolean;
  readonly build: (fields: Fields) => Message;
};

const verbs: readonly Known[] = Object.entries(forms).map(([verb, form]) => prepared(verb, form));
const verbCharsMax = Math.max(...verbs.map(({ verb }) => verb.length));
/** Verbs by their length. At most two have the same length, so comparing them is faster than a look-up by name. */
const verbsByLength = Array.from({ length: verbCharsMax + 1 }, (_, length) =>
  verbs.filter(({ verb }) => verb.length === length),
);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const TAB = "\t";

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
  for (const known of verbsByLength[verbEnd] ?? []) {
    if (!text.startsWith(known.verb)) continue;
    const parts = new Parts(text, end, tab, known.plain);
    return decodeFields(known, parts, text.length === bytes.length);
  }
  return refuseVerb(text.slice(0, verbEnd));
}

/**
 * Checks each field and builds the message.
 * @param ascii whether every character is one byte
 */
function decodeFields(known: Known, parts: Parts, ascii: boolean): Decoded {
  const { text } = parts;
  const { addressed, extended } = known;
  let shape = known.plain;
  let count = parts.cut();
  // Clause 2.7: the form is addressed if field 4 is an IP literal and field 5 a port.
  if (addressed !== null) {
    const { ip, port } = addressed.places;
    if (
      count > port &&
      isPort(text, parts.from(port), parts.to(port)) &&
      isIp(text, parts.from(ip), parts.to(ip))
    ) {
      shape = addressed;
      parts.shape = shape;
      count = parts.cut();
    }
  } else if (extended !== null && count === extended.names.length) {
    shape = extended;
    parts.shape = shape;
  }
  const { names, rules, places } = shape;
  if (count !== names.length) {
    const sent = parts.tab < 0 ? 0 : text.slice(0, parts.end).split(TAB).length - 1;
    // Clause 1.8: if a field is missing, the password may be in the position of the id.
    const shown = places.password < 0 ? count : 0;
    return refuseFields(parts, shown, `takes ${names.length} fields, not ${sent}`);
  }
  for (let i = 0; i < count; i++) {
    const rule = rules[i] as FieldRule;
    if (!rule.test(text, parts.from(i), parts.to(i))) return refuseFields(parts, count, rule.says);
  }
  if (shape.endsInMessage) {
    const { length, message } = places;
    const stated = decimalOf(text, parts.from(length), parts.to(length));
    const counted = ascii ? parts.to(message) - parts.from(message) : utf8Bytes(parts.message);
    if (stated !== counted) {
      const reason = `length says ${stated}, message has ${counted} bytes`;
      return refuseFields(parts, count, reason);
    }
  }
  if (shape === extended && !bearsReason(parts.code)) {
    return refuseFields(parts, count, "a reason goes with a 9x code only");
  }
  // Here the text is in one piece. To read a digit of a part of it, that part would have to be copied.
  const timeMs = known.isTimed
    ? decodeTime(text, parts.from(places.time), parts.to(places.time))
    : null;
  return { ok: true, message: known.build(parts), timeMs };
}

function prepared(verb: string, form: AnyForm): Known {
  const { fields, addressed, optional, namesDevice = false, isTimed = false, build } = form;
  return {
    verb,
    plain: shapeOf(fields, namesDevice, false),
    addressed: addressed === undefined ? null : shapeOf(addressed, namesDevice, true),
    extended: optional === undefined ? null : shapeOf([...fields, optional], namesDevice, false),
    isTimed,
    build,
  };
}

function shapeOf(names: readonly FieldName[], namesDevice: boolean, isAddressed: boolean): Shape {
  const places = Object.fromEntries(
    Object.keys(fieldRules).map((name) => [name, names.indexOf(name as FieldName)]),
  ) as Record<FieldName, number>;
  const rules = names.map((name) =>
    name === "id" && namesDevice ? deviceIdRule : fieldRules[name],
  );
  return { names, places, rules, endsInMessage: names.at(-1) === "message", isAddressed };
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

function refuseFields(parts: Parts, count: number, reason: string): Refusal {
  const verb = parts.text.slice(0, parts.from(0) - 1);
  const at = parts.shape.places.id;
  const id = at < count ? parts.at(at) : "";
  return { ok: false, code: ack.malformed, reason: `${verb}: ${reason}`, id: isId(id) ? id : null };
}
