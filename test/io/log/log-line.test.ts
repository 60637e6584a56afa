// One event is one line of visible characters, whatever a peer sent.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { logLine, stampOf, visible, wordsCharsMax } from "../../../lib/io/log/log-line.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const time = "2026-11-23T01:02:03.004Z";

describe("columns", () => {
  test.each([
    ["debug", "10.0.0.7:1994", "RECV", `${time} DEBUG 10.0.0.7:1994 RECV heartbeat\n`],
    ["info", "10.0.0.7:1994", "SEND", `${time} INFO  10.0.0.7:1994 SEND heartbeat\n`],
    ["warn", "-", "-", `${time} WARN  - -    heartbeat\n`],
    ["error", "", "-", `${time} ERROR - -    heartbeat\n`],
  ] as const)("%s %s %s", (level, peer, direction, line) => {
    expect(logLine(time, level, peer, direction, "heartbeat")).toBe(line);
  });

  test("a peer is escaped too and cannot shift the other columns", () => {
    const line = logLine(time, "info", `x\n${"9".repeat(1_000)}`, "RECV", "words");
    expect(line).toStartWith(`${time} INFO  x\\x0a999`);
    expect(line).toEndWith("9… RECV words\n");
    expect(line.length).toBeLessThan(200);
  });
});

describe("invisible characters are written as escapes", () => {
  test.each([
    ["line feed", "a\nb", "a\\x0ab"],
    ["carriage return and tab", "a\r\tb", "a\\x0d\\x09b"],
    ["NUL", "\0", "\\x00"],
    ["terminal escape", "\x1b[2J", "\\x1b[2J"],
    ["DEL", "\x7f", "\\x7f"],
    ["C1, the one-byte CSI", "\x9b31m", "\\x9b31m"],
    ["next line", "a\x85b", "a\\x85b"],
    ["line and paragraph separator", "\u2028\u2029", "\\u2028\\u2029"],
    ["bidirectional override and isolate", "\u202egnp\u2066", "\\u202egnp\\u2066"],
    ["bidirectional marks", "\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"],
    ["zero width", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["a tag beyond the BMP", "\u{e0041}", "\\u{e0041}"],
    ["private use", "\ue000", "\\ue000"],
    ["half a surrogate pair", "\ud83d!", "\\ud83d!"],
    ["a backslash, so that no escape is forged", "\\x0a", "\\\\x0a"],
  ])("%s", (_name, words, shown) => {
    expect(visible(words)).toBe(shown);
  });

  test.each(["plain words: 1, 2 & 3!", "Größe 21 °C", "日本 العربية 🌡"])("%s stays", (words) => {
    expect(visible(words)).toBe(words);
  });

  test("no single character of the BMP gives a second line or a control character", () => {
    for (let code = 0; code <= 0xffff; code++) {
      const shown = visible(String.fromCharCode(code));
      if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(shown)) throw new Error(code.toString(16));
    }
  });
});

describe("long words are cut", () => {
  test("at the bound nothing is cut", () => {
    const words = "a".repeat(wordsCharsMax);
    expect(visible(words)).toBe(words);
    expect(logLine(time, "info", "-", "-", words)).toEndWith(` ${words}\n`);
  });

  test("beyond the bound there is an ellipsis", () => {
    expect(visible("a".repeat(wordsCharsMax + 1))).toBe(`${"a".repeat(wordsCharsMax)}…`);
  });

  test("never within a surrogate pair", () => {
    expect(visible("abc🌡🌡", 4)).toBe("abc…");
    expect(visible("abc🌡🌡", 5)).toBe("abc🌡…");
  });

  test("escapes do not count towards the bound, but the text is bounded all the same", () => {
    expect(visible("\n".repeat(wordsCharsMax + 1)).length).toBe(wordsCharsMax * 4 + 1);
  });
});

test("a time is formatted once per millisecond and is never stale", () => {
  const stamp = stampOf();
  expect([0, 0, 1, 0].map(stamp)).toEqual([
    "1970-01-01T00:00:00.000Z",
    "1970-01-01T00:00:00.000Z",
    "1970-01-01T00:00:00.001Z",
    "1970-01-01T00:00:00.000Z",
  ]);
});
