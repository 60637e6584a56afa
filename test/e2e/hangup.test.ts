// SIGHUP: the server opens its logs again and goes on; an agent logs off and ends, unless nohup started it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { renameSync } from "node:fs";
import { ClientProcess } from "./client-process.ts";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { cleanEnv, clientBinary, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("the server goes on with new files where its logs were moved away, and loses no line", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const [before, after] = [newIdentity(), newIdentity()];
  expect(await device.code(register(before))).toBe("00");
  for (const name of ["Activity.log", "error.log"]) {
    renameSync(folder.join(`log/${name}`), folder.join(`log/${name}.moved`));
  }
  server.signal("SIGHUP");
  await until("the logs at their paths", () =>
    ["log/Activity.log", "log/error.log"].every((name) => folder.files().includes(name)),
  );
  expect(await device.code(register(after))).toBe("00");
  expect(await server.stop()).toBe(0);
  const [moved, made] = [folder.text("log/Activity.log.moved"), folder.text("log/Activity.log")];
  // A line that waited for others when the file was moved is in the new one.
  expect(moved + made).toContain(`00 ${before.id}`);
  expect(made).toContain("SIGHUP");
  expect(made).toContain(`00 ${after.id}`);
  expect(server.stderr).toBe("");
});

const agent = (port: number) =>
  `run --id pi1 --server 127.0.0.1:${port} --mac aa:aa:aa:aa:aa:aa --on-query`
    .split(" ")
    .concat("echo still here");
const env = { IOT_PASSWORD: "correct-horse" };

test("an agent logs off and ends when its terminal closes", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await using client = new ClientProcess(folder.path, agent(server.port), env);
  await client.says("logged in");
  expect(await client.stop("SIGHUP")).toBe(0);
  await server.stop();
  expect(folder.text("log/Activity.log")).toContain("80 pi1 logged off");
});

test("an agent that nohup started goes on when its terminal closes", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const child = Bun.spawn(["nohup", clientBinary, ...agent(server.port)], {
    cwd: folder.path,
    env: cleanEnv(folder.path, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    await until("the login", () => folder.text("log/Activity.log").includes("70 pi1"));
    child.kill("SIGHUP");
    const { code, stdout } = await run(serverBinary, ["query", "pi1"], folder.path);
    expect([code, stdout]).toEqual([0, expect.stringContaining("still here")]);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
});
