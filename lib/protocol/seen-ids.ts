// The ids that were seen lately, one string each. A text cut from a datagram is a new one every time, and whoever looks
// it up in a table has to hash it again; the string kept here was hashed once. Bounded: a place holds the latest only.

/** A power of two: the devices of a large house; with more of them some ids are cut anew. */
const places = 1 << 13;
const seen = Array.from<string>({ length: places }).fill("");

/**
 * The id that stands in a text from `from` up to `to`: as `slice`, but mostly the same string as the last time.
 * @param text what the id stands in; the range has been checked with `isId`
 */
export function idIn(text: string, from: number, to: number): string {
  let hash = 0;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  const place = (hash ^ (hash >>> 15)) & (places - 1);
  const last = seen[place] as string;
  if (last.length === to - from && text.startsWith(last, from)) return last;
  const id = ownText(text.slice(from, to));
  seen[place] = id;
  return id;
}

/**
 * A copy of a text that has its own memory. What is cut from a datagram keeps the whole of it there for as long as it
 * lives, and in some datagrams there is a password.
 * @param text ASCII
 */
export function ownText(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
