// --retain with the compiled server, whose wall clock is set while it runs: reports go by their own age only, none goes
// while the clock is in doubt, and the operator is told.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { data, type Identity, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

/** Debian's package `faketime`. It moves the wall clock by what its file says, and leaves the monotonic clock alone. */
const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/** A server whose wall clock is set by `set`, in the form of faketime: `+91d`. */
async function startWithClock(folder: TemporaryFolder, clock: string, port?: number) {
  const file = folder.join("clock");
  writeFileSync(file, clock);
  const server = await startServer({
    folder: folder.path,
    args: ["--retain", "90d"],
    ...(port === undefined ? {} : { port }),
    env: {
      LD_PRELOAD: library,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_TIMESTAMP_FILE: file,
    },
  });
  return { server, set: (to: string) => writeFileSync(file, to) };
}

const logOf = (folder: TemporaryFolder) => folder.text("log/Activity.log");

function change(folder: TemporaryFolder, sql: string): void {
  const database = new Database(folder.join("iot_server.db"));
  database.run(sql);
  database.close();
}

function messagesOf(folder: TemporaryFolder): string[] {
  const database = new Database(folder.join("iot_server.db"), { readonly: true });
  const rows = database.query<{ message: string }, []>("SELECT message FROM data").all();
  database.close();
  return rows.map(({ message }) => message);
}

async function report(port: number, identity: Identity, ...messages: string[]): Promise<void> {
  using device = await RawDevice.open(port);
  expect(["00", "01"]).toContain((await device.code(register(identity))) ?? "");
  expect(await device.code(login(identity))).toBe("70");
  for (const message of messages) expect(await device.code(data(identity, message))).toBe("50");
}

test("one report of 1970 costs none of those before it, while the server runs and after it starts again", async () => {
  using folder = new TemporaryFolder();
  const identity = newIdentity();
  {
    const clock = await startWithClock(folder, "+0d");
    await using server = clock.server;
    expect(server.stdout).toContain("keeps reports 90 d");
    await report(server.port, identity, "one", "two", "three");
    clock.set("-20000d");
    await until("the step to be noticed", () => logOf(folder).includes("was set back by"));
    await report(server.port, identity, "of 1970");
    clock.set("+0d");
    await until("the step back", () => logOf(folder).includes("was set forward by"));
    expect(await server.stop()).toBe(0);
  }
  await using server = (await startWithClock(folder, "+0d")).server;
  expect(server.stderr).toContain("No old reports are removed for 24 h");
  const check = await run(serverBinary, ["check"], folder.path);
  expect(check.stdout).toContain("after the newest report. Check the clock.");
  expect(messagesOf(folder)).toEqual(["one", "two", "three", "of 1970"]);
});

test("a clock that is 200 days ahead for a moment removes nothing", async () => {
  using folder = new TemporaryFolder();
  const clock = await startWithClock(folder, "+0d");
  await using server = clock.server;
  const messages = Array.from({ length: 50 }, (_, i) => `${i}`);
  await report(server.port, newIdentity(), ...messages);
  clock.set("+200d");
  await until("the step to be noticed", () => logOf(folder).includes("was set forward by 200 d"));
  clock.set("+0d");
  await until("the step back", () => logOf(folder).includes("was set back by 200 d"));
  expect(messagesOf(folder)).toEqual(messages);
  expect(logOf(folder)).not.toMatch(/removed \d/);
});

test("old reports are removed at the start, but not by one that fails; young ones stay, and numbers continue", async () => {
  using folder = new TemporaryFolder();
  const identity = newIdentity();
  let port: number;
  {
    await using server = await startServer({ folder: folder.path });
    ({ port } = server);
    await report(port, identity, "a", "b", "c", "d", "e");
    expect(await server.stop()).toBe(0);
  }
  change(
    folder,
    `UPDATE data SET received = received - ${91 * 86_400_000} WHERE message IN ('b', 'd')`,
  );
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const args = [`${port}`, "--retain", "90d", "--http", `127.0.0.1:${taken.port}`];
  const failed = await run(serverBinary, args, folder.path);
  expect(failed.stderr).toContain("in use");
  expect(failed.code).toBe(1);
  expect(messagesOf(folder)).toEqual(["a", "b", "c", "d", "e"]);
  await using server = await startServer({ folder: folder.path, port, args: ["--retain", "90d"] });
  await until("the line of the removal", () =>
    logOf(folder).includes("removed 2 reports received before"),
  );
  await report(server.port, identity, "f");
  expect(messagesOf(folder)).toEqual(["a", "c", "e", "f"]);
  expect(folder.text("log/error.log")).not.toContain("could not be removed");
});

test("a start that would remove most reports waits, and says so on the terminal, in the log, on the dashboard and in check", async () => {
  using folder = new TemporaryFolder();
  {
    await using server = await startServer({ folder: folder.path });
    await report(server.port, newIdentity(), "a", "b", "c", "d", "e");
    expect(await server.stop()).toBe(0);
  }
  change(folder, `UPDATE data SET received = received - ${91 * 86_400_000} WHERE message < 'd'`);
  await using server = await startServer({ folder: folder.path, args: ["--retain", "90d"] });
  const words = "3 of 5 reports were received before";
  expect(server.stderr).toContain(words);
  expect(server.stderr).toContain("To keep them, stop the server within 10 min");
  await until("the line in the log", () => logOf(folder).includes(words));
  expect((await run(serverBinary, ["check"], folder.path)).stdout).toContain(words);
  const status = await fetch(`http://127.0.0.1:${server.port}/api/v1/status`, {
    headers: { authorization: `Bearer ${folder.text("iot_server.db.token").trim()}` },
  });
  const { warnings } = (await status.json()) as { warnings: { code: string; text: string }[] };
  expect(warnings.find(({ code }) => code === "retention-waits")?.text).toContain(words);
  expect(messagesOf(folder)).toHaveLength(5);
});
