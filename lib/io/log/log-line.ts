// Formats a log line: the columns, the time, and escapes for characters that must not reach a terminal or split a line.
// Knows no file.

import type { LogDirection, LogLevel } from "../../server/log.ts";

/** Longest words of a line, in characters before escaping. A datagram has at most 1,200 bytes. */
export const wordsCharsMax = 2_000;
/** Longest peer: an IPv6 address with a zone and a port. */
const peerCharsMax = 80;

const levelColumn: Record<LogLevel, string> = {
  debug: "DEBUG",
  info: "INFO ",
  warn: "WARN ",
  error: "ERROR",
};
const directionColumn: Record<LogDirection, string> = { RECV: "RECV", SEND: "SEND", "-": "-   " };

/** The fast path: nearly every line has none of these characters and needs no replacement. */
const unusual = /[^\x20-\x5b\x5d-\x7e]/;
/**
 * The characters that are escaped: controls (C0, C1, DEL), format characters (bidirectional, zero-width, tags), line
 * and paragraph separators, private use, lone surrogates; and the backslash, so that nobody can forge an escape.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\\]/gu;

/**
 * Escapes a text so that it stays on one line and hides nothing: `\x1b`, `\u202e`, `\u{e0001}`, `\\` for a backslash.
 * @param text any text
 * @param charsMax a longer text is cut there and gets a `…`
 */
export function visible(text: string, charsMax: number = wordsCharsMax): string {
  const whole = text.length <= charsMax;
  const kept = whole ? text : text.slice(0, splitsPair(text, charsMax) ? charsMax - 1 : charsMax);
  const shown = unusual.test(kept) ? kept.replace(invisible, escape) : kept;
  return whole ? shown : `${shown}…`;
}

/**
 * A line of either log, with its line ending. The columns are time, level, peer, direction, words.
 * @param time ISO 8601, from `stampOf`
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
  // One test for the whole line, which nearly every line passes.
  if (plain.length > wordsCharsMax || peer === "" || unusual.test(plain)) {
    const who = peer === "" ? "-" : visible(peer, peerCharsMax);
    return `${time} ${levelColumn[level]} ${who} ${directionColumn[direction]} ${visible(words)}\n`;
  }
  return `${time} ${levelColumn[level]} ${plain}\n`;
}

/** What a log line is told in: columns for people, or one JSON object. */
export type LogFormat = "text" | "json";

/** As `logLine`, as one JSON object: `time`, `level`, `peer` and `direction` (null without one), `words` as they came. */
export function jsonLogLine(
  time: string,
  level: LogLevel,
  peer: string,
  direction: LogDirection,
  words: string,
): string {
  const who = peer === "" || peer === "-" ? null : peer.slice(0, peerCharsMax);
  const kept = words.length <= wordsCharsMax ? words : `${words.slice(0, wordsCharsMax)}…`;
  const line = { time, level, peer: who, direction: direction === "-" ? null : direction };
  const text = JSON.stringify({ ...line, words: kept });
  return `${unusual.test(text) ? text.replace(invisible, jsonEscape) : text}\n`;
}

/** The priorities of syslog, as journald reads them at the beginning of a line. */
export const priorities: Record<LogLevel, string> = {
  debug: "<7>",
  info: "<6>",
  warn: "<4>",
  error: "<3>",
};

/**
 * Makes a function that formats a time as ISO 8601. It caches the last one, as many lines share a millisecond.
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

/** Whether a cut at this index splits a surrogate pair. */
function splitsPair(text: string, at: number): boolean {
  const code = text.charCodeAt(at - 1);
  return code >= 0xd800 && code < 0xdc00;
}

/** Escapes what hides or moves text; JSON has escaped the backslash itself. */
function jsonEscape(character: string): string {
  if (character === "\\") return character;
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

function escape(character: string): string {
  if (character === "\\") return "\\\\";
  const code = character.codePointAt(0) as number;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}
