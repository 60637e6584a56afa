// Reading the end of Activity.log: across blocks of the file, with filters, and text that is no complete line.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeardLog, lastLines, parseLine } from "../../lib/io/log/activity-lines.ts";
import { logLine } from "../../lib/io/log/log-line.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const time = "2026-11-22T09:15:06.123Z";

function inLog(text: string): { folder: string; [Symbol.dispose](): void } {
  const folder = mkdtempSync(join(tmpdir(), "iot-lines-"));
  writeFileSync(join(folder, "Activity.log"), text);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test("a written line is parsed into its parts", () => {
  for (const [peer, direction] of [
    ["127.0.0.1:1", "RECV"],
    ["[::1]:9", "SEND"],
    ["-", "-"],
  ] as const) {
    const text = logLine(time, "info", peer, direction, "LOGIN a from b - c").trimEnd();
    expect(parseLine(text)).toEqual({
      time,
      level: "info",
      peer,
      direction,
      words: "LOGIN a from b - c",
    });
  }
  expect(parseLine("half a line")).toBeNull();
});

test("the last lines, across blocks of the file, oldest first", async () => {
  const count = 40_000;
  const text = Array.from({ length: count }, (_, i) =>
    logLine(time, i % 10 === 0 ? "warn" : "debug", "-", "-", `line ${i} ä`),
  );
  using log = inLog(text.join(""));
  const words = async (contains: string, level: "debug" | "warn", limit: number) =>
    (await lastLines(log.folder, contains, level, limit)).map((line) => line.words);
  expect(await words("", "debug", 3)).toEqual(
    [count - 3, count - 2, count - 1].map((i) => `line ${i} ä`),
  );
  const many = await words("", "debug", 30_000);
  expect([many.length, many[0], many.at(-1)]).toEqual([
    30_000,
    `line ${count - 30_000} ä`,
    `line ${count - 1} ä`,
  ]);
  expect(await words("", "warn", 2)).toEqual([`line ${count - 20} ä`, `line ${count - 10} ä`]);
  expect(await words("LINE 777 ", "debug", 10)).toEqual(["line 777 ä"]);
  expect(await words("nothing like it", "debug", 10)).toEqual([]);
});

test("an empty log, and one whose last line is being written", async () => {
  using empty = inLog("");
  expect(await lastLines(empty.folder, "", "debug", 5)).toEqual([]);
  using cut = inLog(`${logLine(time, "info", "-", "-", "whole")}2026-11-2`);
  expect((await lastLines(cut.folder, "", "debug", 5)).map(({ words }) => words)).toEqual([
    "whole",
  ]);
});

test("both logs are told as one, in the order of their times, and a flood of refusals leaves room", async () => {
  const at = (second: number) => `2026-11-22T09:15:${String(second).padStart(2, "0")}.000Z`;
  const refused = (second: number) =>
    logLine(at(second), "error", "10.0.0.7:1", "-", `no ${second}`);
  const happened = [10, 20, 30].map((second) =>
    logLine(at(second), "info", "-", "-", `yes ${second}`),
  );
  using log = inLog(happened.join(""));
  const words = async (level: "debug" | "error", limit: number, contains = "") =>
    (await lastLines(log.folder, contains, level, limit)).map((line) => line.words);
  expect(await words("debug", 9)).toEqual(["yes 10", "yes 20", "yes 30"]);
  writeFileSync(join(log.folder, "error.log"), [5, 15, 25, 35].map(refused).join(""));
  const all = ["no 5", "yes 10", "no 15", "yes 20", "no 25", "yes 30", "no 35"];
  expect(await words("debug", 9)).toEqual(all);
  expect(await words("error", 3)).toEqual(["no 15", "no 25", "no 35"]);
  expect(await words("debug", 9, "10.0.0.7")).toEqual(["no 5", "no 15", "no 25", "no 35"]);
  writeFileSync(
    join(log.folder, "error.log"),
    Array.from({ length: 50 }, () => refused(40)).join(""),
  );
  expect(await words("debug", 4)).toEqual(["yes 20", "yes 30", "no 40", "no 40"]);
});

test("listeners hear lines at their level or above, with invisible characters escaped, until they leave", () => {
  const written: string[] = [];
  const log = {
    debug: false,
    activity: (_level: string, _peer: string, _direction: string, words: string) =>
      void written.push(words),
    error: () => {},
  };
  const heard = new HeardLog(log, "info", () => 0);
  const lines: string[] = [];
  const stop = heard.listen(({ words }) => lines.push(words));
  heard.activity("debug", "-", "-", "quiet");
  heard.activity("info", "-", "-", "bell \x07");
  heard.error("10.0.0.7:1", "refused");
  stop();
  heard.error("-", "later");
  heard.activity("info", "-", "-", "later");
  expect(lines).toEqual(["bell \\x07", "refused"]);
  expect(written).toEqual(["quiet", "bell \x07", "later"]);
});
