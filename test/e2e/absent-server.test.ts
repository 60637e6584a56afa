// A server that is not there: the commands learn it from the system, and say where they looked and what to do.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "./polling.ts";
import { clientBinary, freePort, run } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const flags = ["--id", "a", "--timeout", "1h"];
const startThere = "  Start the server there, or check the address and the port.\n";

test.each([
  ["login", "127.0.0.1", []],
  ["login", "127.0.0.1", ["--text"]],
  ["status", "[::1]", ["--text"]],
])("%s at a closed port of %s with %p", async (command, host, more) => {
  using folder = new TemporaryFolder();
  const port = await freePort();
  const args = [command, "--server", `${host}:${port}`, ...flags, ...more];
  const env = { IOT_PASSWORD: "correct-horse" };
  const ended = await run(clientBinary, args, folder.path, { env });
  const place = `${host.replaceAll(/[[\]]/g, "")} port ${port}`;
  expect([ended.code, ended.stdout]).toEqual([
    3,
    `-- nobody listens at ${place}: the port is closed\n`,
  ]);
  expect(ended.stderr).toEndWith(startThere);
});

test("trust at a closed port", async () => {
  using folder = new TemporaryFolder();
  const place = `127.0.0.1:${await freePort()}`;
  const ended = await run(clientBinary, ["trust", "--timeout", "1h", place], folder.path);
  expect(ended).toEqual({
    code: 3,
    stdout: "",
    stderr: `error: Nobody listens at ${place}.\n${startThere}`,
  });
});
