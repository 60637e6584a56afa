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
 * @param text the field as received
 * @returns milliseconds since 1970, or null if the text is in neither form; the text itself is then kept as sent
 */
export function decodeTime(text: string): number | null {
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
