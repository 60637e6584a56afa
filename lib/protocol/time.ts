// Times as the wire writes them, `YYYY-MM-DD:HH:MM:SS` in UTC, and as people write them. Reads no clock.

const written = /^(\d{4})-(\d\d)-(\d\d):(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?$/;
const seconds = /^\d{1,11}$/;

/**
 * Writes a time for a datagram, to the second (clause 2).
 * @param ms milliseconds since 1970, UTC; from the year 0 to the year 9999
 */
export function encodeTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)}:${iso.slice(11, 19)}`;
}

/**
 * Writes a time for a datagram, to the millisecond (clause 2): two reports of one second stay two reports.
 * @param ms milliseconds since 1970, UTC
 */
export function encodeTimeMs(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)}:${iso.slice(11, 23)}`;
}

/**
 * Reads the time field of a datagram (clause 2).
 * @param text the field as received
 * @returns milliseconds since 1970, or null for a text that is neither form; such a text is kept as sent
 */
export function decodeTime(text: string): number | null {
  if (seconds.test(text)) return Number(text) * 1000;
  const parts = written.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction] = parts;
  const ms = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction ?? "000"}Z`,
  );
  // Date.parse makes 2 March of 30 February and the next day of 24:00:00: no time is what its clock never said.
  if (Number.isNaN(ms) || encodeTime(ms) !== text.slice(0, 19)) return null;
  return ms;
}

const iso =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)([Zz]|[+-]\d\d:?\d\d)?)?$/;

/**
 * Reads a time as people and programs write it: an ISO 8601 date, or date and time (RFC 3339). It is UTC if it names no
 * zone, because everything this project prints is UTC.
 * @returns milliseconds since 1970, or null for any other text
 */
export function parseIsoTime(text: string): number | null {
  const [, date, clock = "00:00", zone = "Z"] = iso.exec(text) ?? [];
  if (date === undefined) return null;
  const ms = Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
  // Date.parse makes 2 March of 30 February.
  const isDay = encodeTime(Date.parse(`${date}T00:00Z`) || 0).startsWith(date);
  return Number.isNaN(ms) || !isDay ? null : ms;
}
