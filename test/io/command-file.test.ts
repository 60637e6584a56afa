// The file that remembers a device's commands: it survives the process, is private, and forgets only the oldest results.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandFile } from "../../lib/io/command-file.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const newFolder = () => mkdtempSync(join(tmpdir(), "iot-commands-"));

const key = (number: number, hash = "h") => ({ number, hash });
const result = { code: "01", message: "on\0\n" };

test("what was begun and what has ended is there after a restart", () => {
  const path = join(newFolder(), "commands");
  const before = new CommandFile(path);
  expect(before.find(key(1))).toBeNull();
  before.begin(key(1));
  before.begin(key(2));
  before.finish(key(1), result);
  // The process is killed: nothing is closed.
  const after = new CommandFile(path);
  expect(after.find(key(1))).toEqual({ result });
  expect(after.find(key(2))).toEqual({ result: null });
  expect(after.find(key(1, "other"))).toBeNull();
  expect(after.begun()).toEqual([key(2)]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => after.begin(key(2))).toThrow();
  after.close();
});

test("the latest 64 are remembered, and no unfinished one is forgotten", () => {
  const file = new CommandFile(join(newFolder(), "commands"));
  file.begin(key(1));
  for (let number = 2; number <= 600; number++) {
    file.begin(key(number));
    file.finish(key(number), result);
  }
  expect(file.begun()).toEqual([key(1)]);
  for (let number = 600; number > 536; number--) expect(file.find(key(number))).toEqual({ result });
  expect(file.find(key(2))).toBeNull();
  file.close();
});

test("a file that is something else is refused, with what to do", () => {
  const path = join(newFolder(), "commands");
  writeFileSync(path, "no database at all, ".repeat(100), { mode: 0o600 });
  expect(() => new CommandFile(path)).toThrow("cannot be used");
});
