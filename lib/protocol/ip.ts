// IP literals (clause 2.13): which texts are valid, and one canonical spelling for comparing them. Accepts no host name
// and looks up nothing.

const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const v6Characters = /^[\da-f:.]{2,45}$/i;

/**
 * Whether the characters of a text from index `from` up to, not including, `to` are an IPv4 or IPv6 literal (RFC 4291
 * section 2.2; no zone, no leading zeros in IPv4).
 * @param text not longer than a datagram
 */
export function isIp(text: string, from = 0, to = text.length): boolean {
  // The fast path: this is called with the time of every report, and most times fail at their first `-`.
  for (let i = from; i < to; i++) if (!isIpCharacter(text.charCodeAt(i))) return false;
  const ip = text.slice(from, to);
  return v4.test(ip) || groupsOf(ip) !== null;
}

/**
 * The canonical spelling of an address: IPv4 unchanged, an IPv4-mapped IPv6 address as its IPv4 address, IPv6 as in RFC
 * 5952 section 4. A text that is not an IP literal is returned unchanged.
 * @param text an IP literal
 */
export function canonicalIp(text: string): string {
  if (!text.includes(":")) return text;
  const groups = groupsOf(text);
  if (groups === null) return text;
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    const [high, low] = [groups[6] as number, groups[7] as number];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return compress(groups);
}

/** `0-9 a-f A-F : .` */
function isIpCharacter(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x3a) || (lower >= 0x61 && lower <= 0x66) || code === 0x2e;
}

/** The eight 16-bit groups of an IPv6 literal, or null. */
function groupsOf(text: string): number[] | null {
  if (!v6Characters.test(text) || !text.includes(":")) return null;
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOfHalf(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupsOfHalf(halves[1] as string, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
}

/** The groups on one side of `::`, or null. Only the last half of a literal may end with an IPv4 address. */
function groupsOfHalf(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else if (last && i === parts.length - 1 && v4.test(part)) {
      const [a, b, c, d] = part.split(".").map(Number) as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      return null;
    }
  }
  return groups;
}

/** RFC 5952: lower case, no leading zeros, `::` for the longest run of two or more zero groups (the first if equal). */
function compress(groups: readonly number[]): string {
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > runLength) [runStart, runLength] = [i, end - i];
    if (end > i) i = end;
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (runStart < 0) return hex(groups);
  return `${hex(groups.slice(0, runStart))}::${hex(groups.slice(runStart + runLength))}`;
}
