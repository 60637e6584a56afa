// The control socket: what a command learns from a server that is stopping.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { allowTextOn } from "../../lib/io/control-calls.ts";
import { type ControlCalls, serveControl } from "../../lib/io/control-socket.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a server that is stopping is, for a command, one that does not run", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "iot-control-")), "database");
  const calls: Partial<ControlCalls> = {
    async allowText() {
      throw new OperatingError("server-stops", "The server is stopping.", "Start it.");
    },
  };
  const control = serveControl(path, calls as ControlCalls);
  const failure = await allowTextOn(path, "asmith").catch((error: unknown) => error);
  control.close();
  expect(failure).toMatchObject({ code: "server-not-running" });
});

test("of several servers that share a folder any that runs answers", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "iot-control-")), "iot-server");
  const callsOf = (asked: string[]): ControlCalls =>
    ({
      async allowText(id: string) {
        asked.push(id);
        return true;
      },
    }) as Partial<ControlCalls> as ControlCalls;
  const [first, second]: [string[], string[]] = [[], []];
  writeFileSync(path, "the program itself, which lies in the same folder");
  writeFileSync(`${path}-9000.sock`, "a leftover");
  const one = serveControl(path, callsOf(first), 9001);
  const two = serveControl(path, callsOf(second), 9002);
  expect(await allowTextOn(path, "a")).toBe(true);
  one.close();
  expect(await allowTextOn(path, "b")).toBe(true);
  two.close();
  expect([first, second]).toEqual([["a"], ["b"]]);
  const failure = await allowTextOn(path, "c").catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "server-not-running" });
  expect((failure as OperatingError).message).toContain(`in the folder ${dirname(path)}.`);
});
