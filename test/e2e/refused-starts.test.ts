// Starts that must fail: a port in use, a served database, a damaged, foreign or newer one, an impossible log
// directory. Each says so in words, ends with exit code 1, and leaves the files unchanged.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

/** Starts a server that must be refused; returns its stderr. */
async function refused(folder: TemporaryFolder, ...args: string[]): Promise<string> {
  const ended = await run(serverBinary, [String(await freePort()), ...args], folder.path);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  return ended.stderr;
}

test("a port in use is refused in clear words with the next step", async () => {
  using folder = new TemporaryFolder();
  using other = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const ended = await run(serverBinary, [String(server.port)], other.path);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain(`Port ${server.port}/udp is in use.`);
  expect(ended.stderr).toContain("choose another port");
  using device = await RawDevice.open(server.port);
  expect(await device.code(register(newIdentity()))).toBe("00");
});

describe("a second server on a database is refused and changes nothing", () => {
  test("by the same name", async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    const identity = newIdentity();
    await device.code(register(identity));
    await device.code(login(identity));
    expect(await device.code(data(identity, "kept"))).toBe("50");
    const names = ["iot_server.db", "iot_server.db-wal"];
    const before = names.map((name) => folder.fingerprint(name));
    const said = await refused(folder);
    expect(said).toContain("iot_server.db is served by another iot-server");
    expect(names.map((name) => folder.fingerprint(name))).toEqual(before);
    expect(await device.code(data(identity, "still served"))).toBe("50");
    const query = await run(serverBinary, ["query", "nobody"], folder.path);
    expect(query).toMatchObject({ code: 1, stdout: "" });
    expect(query.stderr).toContain("No device nobody is registered.");
  });

  test("by another path of the same file", async () => {
    using folder = new TemporaryFolder();
    using other = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    symlinkSync(folder.join("iot_server.db"), other.join("alias.db"));
    const before = folder.fingerprint("iot_server.db");
    expect(await refused(other, "--db", "alias.db")).toContain("is served by another iot-server");
    expect(server.isRunning).toBe(true);
    expect(folder.fingerprint("iot_server.db")).toBe(before);
  });
});

describe("a damaged database is refused by its name, with what to do, and not changed", () => {
  const damages: Record<string, (sound: Buffer) => Buffer> = {
    "bytes of something else": () => Buffer.from("This is a letter, not a database. ".repeat(300)),
    "a file that is cut short": (sound) => sound.subarray(0, sound.length / 2),
    "a header that is overwritten": (sound) =>
      Buffer.concat([Buffer.alloc(64), sound.subarray(64)]),
    "pages that are overwritten": (sound) =>
      Buffer.concat([sound.subarray(0, 4096), Buffer.alloc(sound.length - 4096, 0x5a)]),
    "less than a header": () => Buffer.from("SQLite"),
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(what, async () => {
      using folder = new TemporaryFolder();
      await makeDatabase(folder);
      const damaged = damage(folder.bytes("iot_server.db"));
      writeFileSync(folder.join("iot_server.db"), damaged);
      const before = folder.fingerprint("iot_server.db");
      const said = await refused(folder);
      expect(said).toContain("iot_server.db is damaged");
      expect(said).toContain("Restore a backup");
      expect(folder.fingerprint("iot_server.db")).toBe(before);
      const listed = await run(serverBinary, ["devices"], folder.path);
      expect(listed.code).toBe(1);
      expect(folder.fingerprint("iot_server.db")).toBe(before);
    });
  }
});

test("a database of another program is refused and not changed", async () => {
  using folder = new TemporaryFolder();
  const foreign = new Database(folder.join("iot_server.db"));
  foreign.run("CREATE TABLE songs (title TEXT)");
  foreign.close();
  const before = folder.fingerprint("iot_server.db");
  expect(await refused(folder)).toContain("iot_server.db is not a database of iot-server");
  expect(folder.fingerprint("iot_server.db")).toBe(before);
});

test("a database with a newer schema is refused and not changed", async () => {
  using folder = new TemporaryFolder();
  await makeDatabase(folder);
  const database = new Database(folder.join("iot_server.db"));
  database.run("PRAGMA user_version = 999");
  database.close();
  copyFileSync(folder.join("iot_server.db"), folder.join("before.db"));
  expect(await refused(folder)).toContain("written by a newer iot-server (schema 999");
  expect(folder.bytes("iot_server.db").equals(folder.bytes("before.db"))).toBe(true);
});

test("a log directory that is a file fails the start, before the database is created", async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.join("log"), "in the way");
  const said = await refused(folder);
  expect(said).toContain("The log directory log cannot be written");
  expect(said).toContain("--log-dir");
  expect(folder.names()).toEqual(["log"]);
  expect(folder.text("log")).toBe("in the way");
});

test("a log file that is a directory fails the start", async () => {
  using folder = new TemporaryFolder();
  mkdirSync(folder.join("log/error.log"), { recursive: true });
  expect(await refused(folder)).toContain("cannot be written");
  expect(folder.names()).toEqual(["log"]);
});

test("a database in a missing directory is refused by its name", async () => {
  using folder = new TemporaryFolder();
  expect(await refused(folder, "--db", "nowhere/iot.db")).toContain("nowhere/iot.db");
  expect(folder.names()).not.toContain("nowhere");
});

async function makeDatabase(folder: TemporaryFolder): Promise<void> {
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  for (let i = 0; i < 5; i++) await device.code(register(newIdentity()));
  await server.stop();
}
