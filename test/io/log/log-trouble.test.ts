// Logs on a disk that is full, slow or gone: the server goes on, and every lost line is counted.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { openFixture, type LogFixture } from "./log-fixture.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const peer = "127.0.0.1:1994";

/** Makes every write to Activity.log fail as on a full disk. */
const toFullDisk = (directory: string) => symlinkSync("/dev/full", join(directory, "Activity.log"));

async function say(fixture: LogFixture, words: string): Promise<void> {
  fixture.logs.activity("info", peer, "RECV", words);
  await fixture.logs.flush();
}

test("a failing write goes to stderr, is reported once, and the trouble ends when the disk accepts lines again", async () => {
  await using fixture = await openFixture({}, toFullDisk);
  await say(fixture, "one");
  await say(fixture, "two");
  fixture.advance(1_000);
  await say(fixture, "three");
  const said = fixture.stderr().split("\n");
  expect(said[0]).toStartWith(
    `${join(fixture.directory, "Activity.log")} cannot be written (ENOSPC`,
  );
  expect(said.slice(1).map((line) => line.split(" ").at(-1))).toEqual(["one", "two", "three", ""]);

  rmSync(join(fixture.directory, "Activity.log"));
  await say(fixture, "not tried within a second");
  expect(fixture.stderr()).toEndWith("not tried within a second\n");
  fixture.advance(1_000);
  await say(fixture, "four");
  await say(fixture, "five");
  expect(fixture.stderr()).toEndWith("Activity.log is written again.\n");
  expect(fixture.lines("Activity.log").map((line) => line.split(" ").at(-1))).toEqual([
    "four",
    "five",
  ]);
  expect(fixture.logs.lost).toBe(0);
});

test("stderr is not flooded, and the file says how many lines are missing", async () => {
  await using fixture = await openFixture({}, toFullDisk);
  for (let i = 0; i < 1_000; i++) fixture.logs.activity("info", peer, "RECV", `event ${i}`);
  await fixture.logs.flush();
  for (let i = 0; i < 10; i++) await say(fixture, "more");
  expect(fixture.stderr().split("\n").length - 2).toBe(20);
  expect(fixture.logs.lost).toBe(990);

  rmSync(join(fixture.directory, "Activity.log"));
  fixture.advance(1_000);
  await say(fixture, "again");
  await say(fixture, "and again");
  const lines = fixture.lines("Activity.log");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain(" WARN  - -    990 lines are missing here");
  expect(lines[1]).toEndWith(" again");
});

test("trouble with one log does not affect the other", async () => {
  await using fixture = await openFixture({}, toFullDisk);
  fixture.logs.error(peer, "malformed");
  await say(fixture, "one");
  expect(fixture.lines("error.log")).toHaveLength(1);
});

test("a disk that stalls never blocks the caller; beyond the bound, lines are lost and counted", async () => {
  // A pipe without a reader stands for the stalled disk.
  await using fixture = await openFixture({ waitingCharsMax: 100_000 }, (directory) => {
    const made = Bun.spawnSync(["mkfifo", join(directory, "Activity.log")]);
    expect(made.exitCode).toBe(0);
  });
  const total = 5_000;
  for (let i = 0; i < total; i++) {
    fixture.logs.activity("info", peer, "RECV", `event ${String(i).padStart(5, "0")}`);
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { lost } = fixture.logs;
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThan(total);

  const text = await drain(join(fixture.directory, "Activity.log"), fixture);
  const lines = text.trimEnd().split("\n");
  const events = lines.filter((line) => line.includes(" event "));
  expect(events).toHaveLength(total - lost);
  expect(lines.at(-1)).toContain(`${lost} lines are missing here`);
  expect(fixture.stderr()).toBe("");
});

/** Reads the pipe until everything that waited for it has passed. */
async function drain(path: string, fixture: LogFixture): Promise<string> {
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const chunk = new Uint8Array(1 << 16);
  let text = "";
  const readAll = () => {
    try {
      for (let n; (n = readSync(pipe, chunk)) > 0;) text += Buffer.from(chunk.subarray(0, n));
    } catch (error) {
      expect((error as { code?: string }).code).toBe("EAGAIN");
    }
  };
  let flushed = false;
  const flush = fixture.logs.flush().then(() => (flushed = true));
  while (!flushed) {
    readAll();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await flush;
  readAll();
  closeSync(pipe);
  return text;
}

test("a process that exits without closing its logs has written its last lines", async () => {
  await using fixture = await openFixture();
  const program = `
    import { openLogs } from ${JSON.stringify(join(import.meta.dir, "../../../lib/io/log/log-file.ts"))};
    const logs = await openLogs({ directory: process.argv[1], level: "info", now: Date.now });
    logs.activity("info", "-", "-", "last words");
    logs.error("-", "invariant broken");
    process.exit(7);`;
  const child = Bun.spawn([process.execPath, "-e", program, fixture.directory], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  expect(await child.exited).toBe(7);
  expect(readFileSync(join(fixture.directory, "Activity.log"), "utf8")).toEndWith(" last words\n");
  expect(readFileSync(join(fixture.directory, "error.log"), "utf8")).toEndWith(
    " invariant broken\n",
  );
});
