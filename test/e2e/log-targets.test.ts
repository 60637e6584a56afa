// --log-to and --log-format of the compiled server.

import { expect, setDefaultTimeout, test } from "bun:test";
import { login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("--log-to stdout --log-format json: nothing else is there, and no file", async () => {
  using folder = new TemporaryFolder();
  const args = ["--log-to", "stdout", "--log-format", "json"];
  await using server = await startServer({ folder: folder.path, args });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  await device.code(login({ ...identity, password: "wrong" }));
  await until("the refusal", () => server.stdout.includes('"level":"error"'));
  expect(await server.stop()).toBe(0);
  const lines = server.stdout.trimEnd().split("\n");
  const told = lines.map((line) => JSON.parse(line) as { level: string; words: string });
  expect(told.some(({ words }) => words.includes(`00 ${identity.id}`))).toBe(true);
  expect(told.at(-1)?.words).toEndWith(" stops");
  expect(server.stderr).toContain("logs here");
  expect(folder.names()).not.toContain("log");
});

test("--log-to both has the lines in the files, too", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, args: ["--log-to", "both"] });
  expect(await server.stop()).toBe(0);
  const file = folder.text("log/Activity.log");
  expect(file).toContain("listens on UDP");
  expect(server.stdout).toEndWith(file);
});
