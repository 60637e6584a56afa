// Encodes and decodes times in the wire format `YYYY-MM-DD:HH:MM:SS`, UTC (clause 2.15); parses times that people write.
// Reads no clock.

const written = /^(\d{4})-(\d\d)-(\d\d):(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?$/;
const seconds = /^\d{1,11}$/;

/**
 * Encodes a time, to the second (clause 2.15).
 * @param ms milliseconds since 1970, UTC; from the year 0 to the year 9999
 */
export function encodeTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)}:${iso.slice(11, 19)}`;
}

/**
 * Encodes a time, to the millisecond (clause 2.15), so that two equal readings within a second are two reports (4.6).
 * @param ms milliseconds since 1970, UTC
 */
export function encodeTimeMs(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)}:${iso.slice(11, 23)}`;
}

/**
 * Decodes the time field of a datagram (clause 2.15).
 * @param text the field as received, from the index `from` to below `to`
 * @returns milliseconds since 1970, or null if the text is in neither form; the text itself is then kept as sent
 */
export function decodeTime(text: string, from = 0, to = text.length): number | null {
  const length = to - from;
  const isLong = length === withSeconds || length === withMilliseconds;
  // Most times are of the same minute as the one before: a server decodes one for each datagram.
  if (isLong && text.startsWith(minuteText, from)) {
    const ms = secondsAt(text, from + minuteText.length, length === withMilliseconds);
    if (ms >= 0) return minuteMs + ms;
  }
  const field = text.slice(from, to);
  const ms = decodeAny(field);
  if (ms !== null && isLong) {
    minuteText = field.slice(0, 17);
    minuteMs = Math.floor(ms / 60_000) * 60_000;
  }
  return ms;
}

const [withSeconds, withMilliseconds] = [19, 23];
/** The latest minute that was decoded, `YYYY-MM-DD:HH:MM:`, and its ms since 1970. */
let minuteText = "none";
let minuteMs = 0;

/** The `SS` or `SS.mmm` at an index, in ms; -1 if it is not there. */
function secondsAt(text: string, at: number, hasFraction: boolean): number {
  let ms = (digitAt(text, at) * 10 + digitAt(text, at + 1)) * 1000;
  if (hasFraction) {
    if (text.charCodeAt(at + 2) !== 0x2e) return -1;
    ms += digitAt(text, at + 3) * 100 + digitAt(text, at + 4) * 10 + digitAt(text, at + 5);
  }
  return ms < 60_000 ? ms : -1;
}

/** The digit at an index; far more than a minute if there is none. */
function digitAt(text: string, index: number): number {
  const digit = text.charCodeAt(index) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : 1e6;
}

function decodeAny(text: string): number | null {
  if (seconds.test(text)) return Number(text) * 1000;
  const parts = written.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction] = parts;
  const ms = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction ?? "000"}Z`,
  );
  // Date.parse reads 30 February as 2 March and 24:00:00 as the next day. Such a text is not a time.
  if (Number.isNaN(ms) || encodeTime(ms) !== text.slice(0, 19)) return null;
  return ms;
}

const iso =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)([Zz]|[+-]\d\d:?\d\d)?)?$/;

/**
 * Parses a time as people and programs write it: an ISO 8601 date, or date and time (RFC 3339). It is UTC if it has no
 * zone, because everything that this project prints is UTC.
 * @returns milliseconds since 1970, or null for any other text
 */
export function parseIsoTime(text: string): number | null {
  const [, date, clock = "00:00", zone = "Z"] = iso.exec(text) ?? [];
  if (date === undefined) return null;
  const ms = Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
  // Date.parse reads 30 February as 2 March.
  const isDay = encodeTime(Date.parse(`${date}T00:00Z`) || 0).startsWith(date);
  return Number.isNaN(ms) || !isDay ? null : ms;
}
