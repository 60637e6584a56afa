// A database of the original system under the compiled server: a backup is kept, the passwords work and are in plain
// text nowhere else, and the next start has nothing left to do.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { data, type Identity, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const devices: readonly Identity[] = Array.from({ length: 20 }, () => newIdentity());

/** Writes what the original system wrote, in each of its two schemas. */
const schemas: Record<string, (database: Database) => void> = {
  "registrar(username, ip, mac, password, port, active)": (database) => {
    database.run(
      "CREATE TABLE registrar (username TEXT, ip TEXT, mac TEXT, password TEXT, port INTEGER, active INTEGER)",
    );
    const insert = database.prepare("INSERT INTO registrar VALUES (?, ?, ?, ?, ?, ?)");
    insert.run("", "", "", "", 0, 0);
    for (const { id, ip, mac, password, port } of devices) {
      insert.run(id, ip, mac, `outdated-${password}`, port, 0);
      insert.run(id, ip, mac, password, port, 1);
    }
    // The passwords of deleted rows stay in free pages.
    for (let i = 0; i < 200; i++)
      insert.run(`gone-${i}`, "10.0.0.1", "x", `open-sesame-gone-${i}`, 1, 0);
    database.run("DELETE FROM registrar WHERE username LIKE 'gone-%'");
  },
  "registrar(username, mac, ip, password) with login(username, active)": (database) => {
    database.run("CREATE TABLE registrar (username TEXT, mac TEXT, ip TEXT, password TEXT)");
    database.run("CREATE TABLE login (username TEXT, active TEXT)");
    const insert = database.prepare("INSERT INTO registrar VALUES (?, ?, ?, ?)");
    for (const { id, ip, mac, password } of devices) {
      insert.run(id, mac, ip, password);
      database.run("INSERT INTO login VALUES (?, 'True')", [id]);
    }
  },
};

for (const [schema, write] of Object.entries(schemas)) {
  for (const journal of ["DELETE", "WAL"]) {
    test(`${schema}, journal ${journal}, is migrated in place`, async () => {
      using folder = new TemporaryFolder();
      makeLegacy(folder, journal, write);
      {
        await using server = await startServer({ folder: folder.path });
        // The note comes through stderr, and the line that says the server is ready through stdout; so wait for it too.
        await until("the note on the copy", () => server.stderr.includes("is kept as"));
        using device = await RawDevice.open(server.port);
        const [first, second] = devices as [Identity, Identity];
        expect(await device.code(login({ ...first, password: "wrong" }))).toBe("31");
        for (const identity of [first, second]) {
          expect(await device.code(login(identity))).toBe("70");
        }
        expect(await device.code(data(first, "as ever"))).toBe("50");
        expect(await device.code(register(first))).toMatch(/^0[12]$/);
        expectNoPassword(folder, server.stdout + server.stderr);
        expect(await server.stop()).toBe(0);
      }
      expectNoPassword(folder, "");
      const { stdout } = await run(serverBinary, ["devices", "--json"], folder.path);
      expect(stdout.trimEnd().split("\n")).toHaveLength(devices.length);

      await using again = await startServer({ folder: folder.path });
      expect(again.stderr).toBe("");
      expect(backupsIn(folder)).toHaveLength(1);
      using device = await RawDevice.open(again.port);
      expect(await device.code(login(devices.at(-1) as Identity))).toBe("70");
    });
  }
}

test("the listings refuse an original database, say that a start migrates it, and leave it unchanged", async () => {
  using folder = new TemporaryFolder();
  makeLegacy(folder, "DELETE", Object.values(schemas)[0] as (database: Database) => void);
  const before = folder.fingerprint("iot_server.db");
  const ended = await run(serverBinary, ["devices"], folder.path);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain("start iot-server with it once");
  expect(folder.fingerprint("iot_server.db")).toBe(before);
  expect(folder.names()).toEqual(["iot_server.db"]);
});

function makeLegacy(
  folder: TemporaryFolder,
  journal: string,
  write: (database: Database) => void,
): void {
  const database = new Database(folder.join("iot_server.db"));
  database.run(`PRAGMA journal_mode = ${journal}`);
  write(database);
  database.close();
}

/** Checks that the passwords are in the backup, and neither in another file nor in the output. */
function expectNoPassword(folder: TemporaryFolder, said: string): void {
  const backups = backupsIn(folder);
  expect(backups).toHaveLength(1);
  const { password } = devices[0] as Identity;
  expect(folder.bytes(backups[0] as string).includes(password)).toBe(true);
  const files = folder.files().filter((name) => !backups.includes(name));
  const holders = files.filter((name) => folder.bytes(name).includes("open-sesame"));
  expect(holders).toEqual([]);
  expect(said.includes("open-sesame")).toBe(false);
}

function backupsIn(folder: TemporaryFolder): string[] {
  return folder.names().filter((name) => name.startsWith("iot_server.db.bak-"));
}
