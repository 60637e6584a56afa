// Backup, restore and check with the compiled server: under load, on a served database, killed, on a full disk. A
// backup contains every report that was acknowledged before it began.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { data, type Identity, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until, within } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { ReadOnlyPlace } from "./read-only-place.ts";
import { ReportLoader } from "./report-loader.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

type Row = { sequence: number; device: string; message: string };

function rowsOf(path: string): Row[] {
  const database = new Database(path, { readonly: true });
  const rows = database.query<Row, []>("SELECT * FROM data ORDER BY sequence").all();
  database.close();
  return rows;
}

const care = (folder: TemporaryFolder, ...args: string[]) => run(serverBinary, args, folder.path);

async function loggedIn(port: number, count: number): Promise<Identity[]> {
  const identities = Array.from({ length: count }, () => newIdentity());
  using device = await RawDevice.open(port);
  for (const identity of identities) {
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login(identity))).toBe("70");
  }
  return identities;
}

/** The database of a stopped server, with `reports` reports of one device. */
async function newStopped(folder: TemporaryFolder, reports: number): Promise<Identity> {
  await using server = await startServer({ folder: folder.path });
  const [identity] = (await loggedIn(server.port, 1)) as [Identity];
  expect(await server.stop()).toBe(0);
  const database = new Database(folder.join("iot_server.db"));
  database.run(
    `INSERT INTO data (sequence, device, time, received, code, message, key)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${reports})
       SELECT i, '${identity.id}', '2026-11-22:09:00:00', 1795338846000 + i, '01', 'reading ' || i, i FROM n`,
  );
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return identity;
}

test("a backup under load has every report acknowledged before it; the restored database can be served", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const devices = await loggedIn(server.port, 3);
  using loader = await ReportLoader.open(devices, server.port);
  const load = loader.untilAcked(20_000);
  await until("some reports", () => loader.acked.length >= 2_000);
  const before = loader.acked.map((number) => ReportLoader.messageOf(number));
  const ended = await care(folder, "backup", "copy.db");
  expect(ended).toMatchObject({ code: 0 });
  await load;
  const copied = rowsOf(folder.join("copy.db"));
  expect(ended.stdout).toContain(
    `copy.db: 3 devices, 3 sessions, ${copied.length} reports; checked.`,
  );
  expect(ended.stdout).toContain("identity.key");
  expect(ended.stderr).toMatch(/Copying reports: \d+%/);
  expect(statSync(folder.join("copy.db")).mode & 0o777).toBe(0o600);
  const messages = new Set(copied.map(({ message }) => message));
  expect(before.filter((message) => !messages.has(message))).toEqual([]);
  // The copy has the state of one moment: exactly the first rows of the database, unchanged.
  await loader.resend(loader.pending);
  expect(rowsOf(folder.join("iot_server.db")).slice(0, copied.length)).toEqual(copied);

  const refused = await care(folder, "restore", "copy.db");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("iot_server.db is served by another iot-server.");
  expect(server.isRunning).toBe(true);
  expect(await server.stop()).toBe(0);
  const all = rowsOf(folder.join("iot_server.db"));
  const restored = await care(folder, "restore", "copy.db");
  expect(restored.code).toBe(0);
  const kept = /The old database is (\S+)\./.exec(restored.stdout)?.[1] ?? "";
  expect(rowsOf(folder.join(kept))).toEqual(all);
  expect(rowsOf(folder.join("iot_server.db"))).toEqual(copied);

  await using again = await startServer({ folder: folder.path, port: server.port });
  // A report that is in the copy is not stored again; one that is missing in it is stored.
  await loader.resend([...Array(loader.issued).keys()].slice(-3_000));
  const served = rowsOf(folder.join("iot_server.db"));
  expect(new Set(served.map(({ message }) => message)).size).toBe(served.length);
  expect(served.slice(0, copied.length)).toEqual(copied);
  expect(await again.stop()).toBe(0);
});

test("a killed backup leaves the database unchanged, and the next one succeeds", async () => {
  using folder = new TemporaryFolder();
  await newStopped(folder, 300_000);
  const before = folder.fingerprint("iot_server.db");
  const left = await killInBackup(folder);
  expect(folder.fingerprint("iot_server.db")).toBe(before);
  expect(existsSync(folder.join("copy.db"))).toBe(false);
  expect(folder.names()).toContain(left);
  const check = await care(folder, "check");
  expect(check.code).toBe(0);
  expect(check.stdout).toContain(left);
  expect(check.stdout).toContain("was left by a backup or a restore that was killed: delete it.");

  expect(await care(folder, "backup", "copy.db")).toMatchObject({ code: 0 });
  expect(rowsOf(folder.join("copy.db"))).toHaveLength(300_000);
  expect(folder.names().filter((name) => name.includes("unfinished"))).toEqual([]);
  expect(folder.fingerprint("iot_server.db")).toBe(before);
});

/** Kills a backup to copy.db after it has begun; returns the name of the file it leaves. */
async function killInBackup(folder: TemporaryFolder): Promise<string> {
  for (;;) {
    const child = Bun.spawn([serverBinary, "backup", "copy.db"], {
      cwd: folder.path,
      stdout: "ignore",
      stderr: "pipe",
    });
    const first = await within("the first progress", child.stderr.getReader().read());
    expect(new TextDecoder().decode(first.value)).toContain("Copying reports");
    child.kill("SIGKILL");
    await child.exited;
    // On a busy machine the backup may have ended before the kill; then it is tried again.
    if (!existsSync(folder.join("copy.db"))) return `copy.db.${child.pid}.unfinished`;
    rmSync(folder.join("copy.db"));
  }
}

test("on a full disk a backup fails with a message, leaves no file, and the database unchanged", async () => {
  using folder = new TemporaryFolder();
  await newStopped(folder, 20_000);
  const before = folder.fingerprint("iot_server.db");
  const names = folder.names();
  // No file may exceed 200 kB; SIGXFSZ is ignored, so that a write beyond that fails instead of ending the process.
  const runBy = ["sh", "-c", `trap '' XFSZ; ulimit -f 400; exec "$@"`, "sh"];
  const ended = await run(serverBinary, ["backup", "copy.db"], folder.path, { runBy });
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain("copy.db could not be written");
  expect(ended.stderr).toContain("Check the room on the disk");
  expect(folder.names()).toEqual(names);
  expect(folder.fingerprint("iot_server.db")).toBe(before);
  const copy = await care(folder, "backup", "copy.db");
  expect(copy.code).toBe(0);
  const restored = await run(serverBinary, ["restore", "copy.db"], folder.path, { runBy });
  expect(restored).toMatchObject({ code: 1, stdout: "" });
  expect(restored.stderr).toContain("could not be restored");
  expect(folder.names()).toEqual([...names, "copy.db"].sort());
  expect(folder.fingerprint("iot_server.db")).toBe(before);
});

test("a backup refuses an existing name and a missing folder", async () => {
  using folder = new TemporaryFolder();
  await newStopped(folder, 10);
  writeFileSync(folder.join("taken"), "mine");
  const taken = await care(folder, "backup", "taken");
  expect(taken).toMatchObject({ code: 1, stdout: "" });
  expect(taken.stderr).toContain("taken already exists.");
  expect(folder.text("taken")).toBe("mine");
  const missing = await care(folder, "backup", "no/copy.db");
  expect(missing).toMatchObject({ code: 1, stdout: "" });
  expect(missing.stderr).toContain("there is no folder no.");
});

test("damage of a database and of a copy is reported, and a damaged copy is not restored", async () => {
  using folder = new TemporaryFolder();
  await newStopped(folder, 20_000);
  const sound = await care(folder, "check");
  expect(sound).toMatchObject({ code: 0, stderr: "" });
  expect(sound.stdout).toContain("1 device, 1 session, 20000 reports");
  expect(sound.stdout).toContain("Every page is whole");
  const served = readFileSync(folder.join("iot_server.db"));
  writeFileSync(folder.join("bad.db"), served.fill(0xff, 40 * 4_096, 41 * 4_096));

  const bad = await care(folder, "check", "--db", "bad.db");
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/^damaged: /m);
  expect(bad.stdout).toContain("iot-server restore --db bad.db");
  const before = folder.fingerprint("iot_server.db");
  const refused = await care(folder, "restore", "bad.db");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("bad.db is damaged");
  expect(refused.stderr).toContain("Nothing was changed.");
  expect(folder.fingerprint("iot_server.db")).toBe(before);
  expect(folder.names().filter((name) => /unfinished|before/.test(name))).toEqual([]);
  writeFileSync(folder.join("text.db"), "nothing of the kind".repeat(50));
  const text = await care(folder, "check", "--db", "text.db");
  expect(text).toMatchObject({ code: 1, stdout: "" });
  expect(text.stderr).toContain("text.db is damaged: it is not an SQLite database");
});

test("check beside a running server says that the database is served, and does not disturb the server", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const [identity] = (await loggedIn(server.port, 1)) as [Identity];
  using device = await RawDevice.open(server.port);
  expect(await device.code(data(identity, "one"))).toBe("50");
  const check = await care(folder, "check");
  expect(check).toMatchObject({ code: 0, stderr: "" });
  expect(check.stdout).toContain("served now");
  expect(check.stdout).toContain("1 report\n");
  expect(await device.code(data(identity, "two"))).toBe("50");
});

for (const end of ["SIGTERM", "SIGKILL"] as const) {
  test(`a read-only database is copied and checked, after ${end}`, async () => {
    using place = new ReadOnlyPlace();
    using folder = new TemporaryFolder();
    {
      await using server = await startServer({ folder: place.path });
      const [identity] = (await loggedIn(server.port, 1)) as [Identity];
      using device = await RawDevice.open(server.port);
      expect(await device.code(data(identity, "one"))).toBe("50");
      await server.stop(end);
    }
    place.close();
    chmodSync(folder.path, 0o777);
    const { runBy } = place;
    const copy = folder.join("copy.db");
    const ended = await run(serverBinary, ["backup", copy], place.path, { runBy });
    expect(ended).toMatchObject({ code: 0 });
    expect(rowsOf(copy)).toMatchObject([{ sequence: 1, message: "one" }]);
    const check = await run(serverBinary, ["check"], place.path, { runBy });
    expect(check).toMatchObject({ code: 0, stderr: "" });
  });
}
