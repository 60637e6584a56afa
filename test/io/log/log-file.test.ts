// Both logs as files: levels, rotation, and what an operator does to them by hand.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { openLogs } from "../../../lib/io/log/log-file.ts";
import { OperatingError } from "../../../lib/operating-error.ts";
import { linesOf, openFixture, startMs } from "./log-fixture.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const peer = "127.0.0.1:1994";

test("events go to Activity.log and errors to error.log, one line each", async () => {
  await using fixture = await openFixture();
  fixture.logs.activity("info", peer, "RECV", "lamp-1 registered");
  fixture.advance(1);
  fixture.logs.activity("warn", "-", "-", "lamp-1 went offline");
  fixture.logs.error(peer, "malformed: \x1b[31m\n");
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log")).toEqual([
    "2026-11-23T01:02:03.004Z INFO  127.0.0.1:1994 RECV lamp-1 registered",
    "2026-11-23T01:02:03.005Z WARN  - -    lamp-1 went offline",
  ]);
  expect(fixture.lines("error.log")).toEqual([
    "2026-11-23T01:02:03.005Z ERROR 127.0.0.1:1994 -    malformed: \\x1b[31m\\x0a",
  ]);
  expect(fixture.stderr()).toBe("");
  expect(fixture.logs.lost).toBe(0);
});

test.each([
  ["debug", true, ["debug", "info", "warn", "error"]],
  ["info", false, ["info", "warn", "error"]],
  ["warn", false, ["warn", "error"]],
  ["error", false, ["error"]],
] as const)("level %s", async (level, debug, written) => {
  await using fixture = await openFixture({ level });
  for (const each of ["debug", "info", "warn", "error"] as const) {
    fixture.logs.activity(each, peer, "RECV", each);
  }
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log").map((line) => line.split(" ").at(-1))).toEqual([...written]);
  expect(fixture.logs.debug).toBe(debug);
});

test("many lines are batched: nothing is written before the batch ends", async () => {
  await using fixture = await openFixture();
  for (let i = 0; i < 100; i++) fixture.logs.activity("info", peer, "RECV", `event ${i}`);
  expect(fixture.lines("Activity.log")).toEqual([]);
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log")).toHaveLength(100);
});

test("a missing directory is created, for the server's user and group only", async () => {
  await using parent = await openFixture();
  const directory = join(parent.directory, "a", "b");
  await using fixture = await openFixture({ directory });
  expect(statSync(fixture.directory).mode & 0o7).toBe(0);
  expect(statSync(join(fixture.directory, "Activity.log")).mode & 0o7).toBe(0);
});

test.each([
  ["taken", "a file in its place"],
  ["taken/below", "a file above it"],
  ["/proc/iot-server-log", "nothing that could be a directory"],
])("a directory that cannot be written is an operating error: %s, %s", async (path) => {
  await using parent = await openFixture();
  const taken = join(parent.directory, "taken");
  writeFileSync(taken, "mine");
  const directory = resolve(parent.directory, path);
  const error = await openLogs({ directory, level: "info", now: () => startMs }).catch((e) => e);
  expect(error).toBeInstanceOf(OperatingError);
  expect(error.code).toBe("log-unwritable");
  expect(error.message).toContain(directory);
  expect(error.nextStep).toContain("--log-dir");
  expect(readFileSync(taken, "utf8")).toBe("mine");
});

test("a restart appends to the file, on a new line", async () => {
  await using fixture = await openFixture({}, (directory) =>
    writeFileSync(join(directory, "Activity.log"), "whole\nbroken off by a power c"),
  );
  fixture.logs.activity("info", peer, "RECV", "next");
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log").slice(0, 2)).toEqual(["whole", "broken off by a power c"]);
  expect(fixture.lines("Activity.log")[2]).toEndWith(" next");
});

test("files are rotated before they exceed the bound, and the oldest are deleted", async () => {
  const bytesMax = 1_000;
  await using fixture = await openFixture({ bytesMax, keep: 3 });
  for (let i = 0; i < 100; i++) fixture.logs.activity("info", peer, "RECV", `event ${i}`);
  await fixture.logs.flush();
  for (let i = 100; i < 103; i++) fixture.logs.activity("info", peer, "RECV", `event ${i}`);
  await fixture.logs.flush();

  const names = ["Activity.log.3", "Activity.log.2", "Activity.log.1", "Activity.log"];
  expect(readdirSync(fixture.directory).sort()).toEqual([...names, "error.log"].sort());
  const events = names
    .flatMap((name) => fixture.lines(name))
    .map((line) => Number(line.split(" ").at(-1)));
  expect(events).toEqual(events.map((_event, i) => 103 - events.length + i));
  for (const name of names) {
    expect(statSync(join(fixture.directory, name)).size).toBeLessThanOrEqual(bytesMax);
  }
  // Rotation wastes no space: less than one line was left free.
  expect(statSync(join(fixture.directory, "Activity.log.1")).size).toBeGreaterThan(bytesMax - 62);
});

test("a file that is over the bound at the start is rotated first", async () => {
  await using fixture = await openFixture({ bytesMax: 100 }, (directory) =>
    writeFileSync(join(directory, "Activity.log"), `${"x".repeat(500)}\n`),
  );
  fixture.logs.activity("info", peer, "RECV", "next");
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log")).toHaveLength(1);
  expect(fixture.lines("Activity.log.1")).toEqual(["x".repeat(500)]);
});

test("a line longer than a whole file is written complete, in a file of its own", async () => {
  await using fixture = await openFixture({ bytesMax: 100 });
  for (const words of ["a", "b".repeat(300), "c"])
    fixture.logs.activity("info", peer, "RECV", words);
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log.2")).toHaveLength(1);
  expect(fixture.lines("Activity.log.1")[0]).toEndWith("b".repeat(300));
  expect(fixture.lines("Activity.log")[0]).toEndWith(" c");
});

test.each([
  ["deleted", (path: string) => rmSync(path)],
  ["moved", (path: string) => renameSync(path, `${path}.old`)],
  ["deleted with its directory", (path: string) => rmSync(join(path, ".."), { recursive: true })],
])("a file that was %s by hand is created again within a second", async (_name, act) => {
  await using fixture = await openFixture();
  fixture.logs.activity("info", peer, "RECV", "before");
  await fixture.logs.flush();
  act(join(fixture.directory, "Activity.log"));
  fixture.setClock(-86_400_000);
  fixture.logs.activity("info", peer, "RECV", "between");
  await fixture.logs.flush();
  expect(existsSync(join(fixture.directory, "Activity.log"))).toBe(false);
  fixture.advance(1_000);
  fixture.logs.activity("info", peer, "RECV", "after");
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log").map((line) => line.split(" ").at(-1))).toEqual(["after"]);
  expect(fixture.stderr()).toBe("");
});

test("the size of a file that was truncated by hand is counted anew", async () => {
  await using fixture = await openFixture({ bytesMax: 200 });
  for (const words of ["one", "two", "three"]) fixture.logs.activity("info", peer, "RECV", words);
  await fixture.logs.flush();
  truncateSync(join(fixture.directory, "Activity.log"));
  fixture.advance(1_000);
  fixture.logs.activity("info", peer, "RECV", "four");
  await fixture.logs.flush();
  expect(fixture.lines("Activity.log")).toHaveLength(1);
  expect(existsSync(join(fixture.directory, "Activity.log.1"))).toBe(false);
});

test("tail -F follows a rotation", async () => {
  await using fixture = await openFixture({ bytesMax: 60 });
  const path = join(fixture.directory, "Activity.log");
  appendFileSync(path, "first\n");
  const tail = Bun.spawn(["tail", "-F", "-n", "+1", path], { stdout: "pipe", stderr: "ignore" });
  const seen = readerOf(tail.stdout);
  try {
    await seen("first\n");
    for (const words of ["second", "third", "fourth"]) {
      fixture.logs.activity("info", peer, "RECV", words);
      await fixture.logs.flush();
      await seen(` ${words}\n`);
    }
    expect(linesOf(`${path}.1`)).toHaveLength(1);
  } finally {
    tail.kill();
    await tail.exited;
  }
});

/** Returns a function that resolves once the stream has delivered the text. */
function readerOf(stream: ReadableStream<Uint8Array>): (text: string) => Promise<void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let sofar = "";
  return async (text) => {
    while (!sofar.includes(text)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the stream ended before ${JSON.stringify(text)}`);
      sofar += decoder.decode(value, { stream: true });
    }
  };
}
