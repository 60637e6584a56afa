// A log line as text: the columns, the time, and visible escapes for what must not reach a terminal or split a line.
// Knows no file.

import type { LogDirection, LogLevel } from "../server/log.ts";

/** Longest words of one line, in characters before escaping; a datagram has at most 1,200 bytes. */
export const wordsCharsMax = 2_000;
/** Longest peer: an IPv6 address with a zone, and a port. */
const peerCharsMax = 80;

const levelColumn: Record<LogLevel, string> = {
  debug: "DEBUG",
  info: "INFO ",
  warn: "WARN ",
  error: "ERROR",
};
const directionColumn: Record<LogDirection, string> = { RECV: "RECV", SEND: "SEND", "-": "-   " };

/** Nearly every line is plain: one test, and nothing to replace. */
const unusual = /[^\x20-\x5b\x5d-\x7e]/;
/**
 * Controls (C0, C1, DEL), format characters (bidirectional, zero-width, tags), line and paragraph separators, private
 * use, lone surrogates; and the backslash, so that an escape cannot be forged.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\\]/gu;

/**
 * Text that stays on one line and shows what is in it: `\x1b`, `\u202e`, `\u{e0001}`, and `\\` for a backslash.
 * @param text anything
 * @param charsMax where it is cut, with `…` behind
 */
export function visible(text: string, charsMax: number = wordsCharsMax): string {
  const whole = text.length <= charsMax;
  const kept = whole ? text : text.slice(0, splitsPair(text, charsMax) ? charsMax - 1 : charsMax);
  const shown = unusual.test(kept) ? kept.replace(invisible, escape) : kept;
  return whole ? shown : `${shown}…`;
}

/**
 * A line of either log, with its end of line. The columns: time, level, peer, direction, words.
 * @param time ISO 8601, as `stampOf` makes it
 * @param peer `ip:port` or `-`
 */
export function logLine(
  time: string,
  level: LogLevel,
  peer: string,
  direction: LogDirection,
  words: string,
): string {
  const plain = `${peer} ${directionColumn[direction]} ${words}`;
  // One test for the whole line: nearly every one passes.
  if (plain.length > wordsCharsMax || peer === "" || unusual.test(plain)) {
    const who = peer === "" ? "-" : visible(peer, peerCharsMax);
    return `${time} ${levelColumn[level]} ${who} ${directionColumn[direction]} ${visible(words)}\n`;
  }
  return `${time} ${levelColumn[level]} ${plain}\n`;
}

/**
 * A function that gives a time as ISO 8601 and remembers the last one: many lines share a millisecond.
 * @returns a function from ms since 1970 to text
 */
export function stampOf(): (ms: number) => string {
  let lastMs = Number.NaN;
  let text = "";
  return (ms) => {
    if (ms !== lastMs) {
      text = new Date(ms).toISOString();
      lastMs = ms;
    }
    return text;
  };
}

/** Whether a cut here leaves half of a surrogate pair behind. */
function splitsPair(text: string, at: number): boolean {
  const code = text.charCodeAt(at - 1);
  return code >= 0xd800 && code < 0xdc00;
}

function escape(character: string): string {
  if (character === "\\") return "\\\\";
  const code = character.codePointAt(0) as number;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}
