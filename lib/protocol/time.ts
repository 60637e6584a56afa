// Times as the wire writes them: `YYYY-MM-DD:HH:MM:SS`, UTC. Reads no clock.

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
