// The control socket: what a command learns from a server that is stopping.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowTextOn, type ControlCalls, serveControl } from "../../lib/io/control-socket.ts";
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
