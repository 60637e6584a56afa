// Log lines on standard output: in batches, bounded, and never waiting for a reader.

import { expect, setDefaultTimeout, test } from "bun:test";
import { lastOf, parseLine } from "../../../lib/io/log/activity-lines.ts";
import { jsonLogLine } from "../../../lib/io/log/log-line.ts";
import { type LogOptions, openLogs } from "../../../lib/io/log/log-file.ts";
import { startMs } from "./log-fixture.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** Logs on a standard output that the test opens, stalls and breaks. */
async function open(options: Partial<LogOptions> = {}) {
  const pipe = { text: "", room: Infinity, fault: "", stderr: "" };
  const output = {
    hasRoom: () => pipe.room > 0,
    write(bytes: Uint8Array) {
      if (pipe.fault !== "") throw Object.assign(new Error(pipe.fault), { code: pipe.fault });
      const count = Math.min(pipe.room, bytes.length);
      pipe.room -= count;
      pipe.text += Buffer.from(bytes.subarray(0, count)).toString();
      return count;
    },
  };
  const logs = await openLogs({
    directory: "/proc/nowhere",
    level: "info",
    to: "stdout",
    now: () => startMs,
    output,
    stderr: (text) => void (pipe.stderr += text),
    ...options,
  });
  return { logs, pipe };
}

test("both logs are on standard output, with priorities for the journal, and no file is made", async () => {
  const { logs, pipe } = await open({ isJournal: true });
  logs.activity("debug", "-", "-", "not at this level");
  logs.activity("info", "192.0.2.1:7", "RECV", "LOGIN a\nb");
  logs.activity("warn", "-", "-", "careful");
  logs.error("192.0.2.1:7", "refused");
  await logs.flush();
  expect(pipe.text).toBe(
    [
      "<6>2026-11-23T01:02:03.004Z INFO  192.0.2.1:7 RECV LOGIN a\\x0ab\n",
      "<4>2026-11-23T01:02:03.004Z WARN  - -    careful\n",
      "<3>2026-11-23T01:02:03.004Z ERROR 192.0.2.1:7 -    refused\n",
    ].join(""),
  );
  // The dashboard shows the activity without the file.
  expect(lastOf(logs.recent ?? [], [], "CAREFUL", "info", 10)).toMatchObject([
    { words: "careful" },
  ]);
  expect(lastOf(logs.recent ?? [], [], "", "info", 1)).toMatchObject([{ words: "careful" }]);
  await logs.close();
});

test("a line of JSON is read back, hides nothing and stays one line", () => {
  const words = 'a "quoted"\n\\ \u001b[2J \u202e \u{e0041} é 日';
  const line = jsonLogLine("2026-11-23T01:02:03.004Z", "warn", "[::1]:9", "SEND", words);
  expect(line.split("\n")).toHaveLength(2);
  // oxlint-disable-next-line no-control-regex -- none may be left
  expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]|\p{Cf}/u);
  expect(JSON.parse(line)).toEqual({
    time: "2026-11-23T01:02:03.004Z",
    level: "warn",
    peer: "[::1]:9",
    direction: "SEND",
    words,
  });
  const nobody = jsonLogLine("2026-11-23T01:02:03.004Z", "info", "-", "-", "started");
  expect(JSON.parse(nobody)).toMatchObject({ peer: null, direction: null });
  expect(parseLine(nobody.trimEnd())).toMatchObject({ peer: "-", direction: "-", level: "info" });
  expect(parseLine(line.trimEnd())?.words).toContain("\\x1b[2J");
  for (const wrong of ["{", "{}", '{"time":"1","level":"loud"}', "[]"]) {
    expect(parseLine(wrong)).toBeNull();
  }
});

test("a reader that stalls costs lines, which are counted, and never a wait", async () => {
  const { logs, pipe } = await open({ waitingCharsMax: 1_000 });
  pipe.room = 10;
  for (let i = 0; i < 100; i++) logs.activity("info", "-", "-", `line ${i}`);
  expect(logs.lost).toBeGreaterThan(50);
  const { lost } = logs;
  pipe.room = Infinity;
  await logs.flush();
  const lines = pipe.text.trimEnd().split("\n");
  expect(lines[0]).toEndWith("line 0");
  expect(lines.at(-1)).toContain(`${lost} lines are missing here`);
  expect(lines.length - 1 + lost).toBe(100);
  logs.activity("info", "-", "-", "goes on");
  await logs.close();
  expect(pipe.text).toEndWith("goes on\n");
});

test("an output that breaks is told once, and tried again", async () => {
  const { logs, pipe } = await open();
  pipe.fault = "EPIPE";
  for (const words of ["one", "two"]) {
    logs.activity("info", "-", "-", words);
    await logs.flush();
  }
  expect(pipe.stderr).toBe("Standard output takes no log lines (EPIPE).\n");
  expect(logs.lost).toBeGreaterThanOrEqual(2);
  pipe.fault = "";
  logs.activity("info", "-", "-", "three");
  await logs.close();
  expect(pipe.text).toContain("three");
  expect(pipe.text).toContain("lines are missing here");
});

test("the activity in memory is bounded", async () => {
  const { logs } = await open();
  for (let i = 0; i < 10_000; i++) logs.activity("info", "-", "-", `line ${i}`);
  expect(logs.recent?.length).toBeLessThanOrEqual(2_000);
  expect(logs.recent?.at(-1)).toEndWith("line 9999");
  await logs.close();
});
