// A cache of recently seen ids. A substring of a datagram is a new string, whose hash is computed for each look-up in a
// table; the cached string has its hash already. Fixed size: each place holds the latest id only.

/** A power of two. With more devices than this, some ids replace each other and are allocated again. */
const places = 1 << 13;
const seen = Array.from<string>({ length: places }).fill("");

/**
 * The id in a text from index `from` up to, not including, `to`. Like `slice`, but returns the cached string if it can.
 * @param text the caller has checked the range with `isId`
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
 * A copy of a text with its own memory. A substring would keep the whole datagram in memory as long as it exists, and
 * some datagrams contain a password.
 * @param text ASCII
 */
export function ownText(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
