// `iot-server copy`: devices go on with the copy as if nothing had happened, a copy that was killed goes on or starts again,
// nobody uses half of one, and words in bad weather.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { postgresServer, superuser } from "../postgres-server.ts";
import { data, login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import {
  cleanEnv,
  type Ended,
  freePort,
  run,
  serverBinary,
  startServer,
} from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);
const file = "iot_server.db";
const manyReports = 60_000;

/** A new database: its URL and its name. */
async function newTarget(): Promise<{ url: string; database: string }> {
  const server = await postgresServer();
  const database = await server.newDatabase();
  return { url: `postgres://${superuser}@127.0.0.1:${server.port}/${database}`, database };
}

function copy(folder: TemporaryFolder, url: string, ...more: string[]): Promise<Ended> {
  return run(serverBinary, ["copy", file, url, ...more], folder.path);
}

/** Runs a statement as the superuser. */
async function sudo(database: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = (await postgresServer()).connect(database);
  const rows = (await sql.unsafe(statement)) as Record<string, unknown>[];
  await sql.close({ timeout: 0 });
  return [...rows];
}

/** Makes a database with a device and its session; `more` reports are added to its own. */
async function served(folder: TemporaryFolder, more = 0) {
  const device = newIdentity({ ip: "127.0.0.1" });
  // The second one ends in an LF that is no part of the message, as a line of netcat.
  const reports = [data(device, "21.5\0 and NUL"), `${data(device, "a line")}\n`];
  {
    await using server = await startServer({ folder: folder.path });
    using socket = await RawDevice.open(server.port);
    for (const [datagram, code] of [
      [register(device), "00"],
      [login(device), "70"],
      ...reports.map((report) => [report, "50"] as const),
    ] as const) {
      expect(await socket.code(datagram)).toBe(code);
    }
    expect(await server.stop()).toBe(0);
  }
  const database = new Database(folder.join(file));
  database.run(
    `WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n LIMIT ${more})
     INSERT INTO data SELECT i, 'other', 't' || i, i, '01', 'message ' || i, i, NULL FROM n`,
  );
  database.close();
  return { device, reports };
}

/** Starts a copy and kills it when a part is there, but not all. */
async function killed(
  folder: TemporaryFolder,
  { url, database }: { url: string; database: string },
) {
  const child = Bun.spawn([serverBinary, "copy", file, url], {
    cwd: folder.path,
    env: cleanEnv(folder.path),
    stdio: ["ignore", "ignore", "ignore"],
  });
  await until("a part of the copy", async () => {
    const rows = await sudo(database, "SELECT next FROM copied").catch(() => []);
    return Number(rows[0]?.["next"] ?? 0) > 0;
  });
  child.kill("SIGKILL");
  await child.exited;
  const [state] = await sudo(database, "SELECT next::int, finished FROM copied");
  expect(state).toMatchObject({ finished: null });
  expect(state?.["next"] as number).toBeLessThan(manyReports);
}

test("devices go on with the copy: key, session, and a report that is sent again", async () => {
  using folder = new TemporaryFolder();
  const { device, reports } = await served(folder);
  const before = folder.fingerprint(file);
  const target = await newTarget();
  const { code, stdout, stderr } = await copy(folder, target.url);
  expect({ code, stderr: stderr.replaceAll(/.* rows: .*\n/g, "") }).toEqual({
    code: 0,
    stderr: "",
  });
  expect(stdout).toContain(`${target.url}: 1 device, 0 labels, 1 session, 2 reports,`);
  expect(stdout).toMatch(/SHA-256 [0-9a-f]{64} on both sides/);
  expect(stdout).toContain("identity.key");
  expect(folder.fingerprint(file)).toBe(before);
  const other = folder.join("other");
  const refused = await run(
    serverBinary,
    [String(await freePort()), "--store", target.url, "--data", other],
    folder.path,
  );
  expect(refused.code).toBe(1);
  await using server = await startServer({
    folder: folder.path,
    args: ["--store", target.url, "--data", "."],
  });
  using socket = await RawDevice.open(server.port);
  expect(await socket.code(status(device))).toBe("40");
  for (const report of reports) expect(await socket.code(report)).toBe("50");
  expect(await socket.code(data(device, "new"))).toBe("50");
  expect(await socket.code(register(device))).toBe("01");
  const listed = await run(
    serverBinary,
    ["reports", device.id, "--json", "--store", target.url],
    folder.path,
  );
  expect(listed.stdout.trimEnd().split("\n")).toHaveLength(3);
});

test("what is only in the log of a killed server is copied; a file without its log is warned of", async () => {
  using folder = new TemporaryFolder();
  const device = newIdentity({ ip: "127.0.0.1" });
  {
    await using server = await startServer({ folder: folder.path });
    using socket = await RawDevice.open(server.port);
    for (const datagram of [register(device), login(device), data(device, "in the log")]) {
      expect(await socket.code(datagram)).toMatch(/[057]0/);
    }
    await server.stop("SIGKILL");
  }
  const before = [file, `${file}-wal`].map((name) => folder.fingerprint(name));
  const whole = await copy(folder, (await newTarget()).url);
  expect(whole.stdout).toContain("1 device, 0 labels, 1 session, 1 report,");
  expect(whole.stderr).not.toContain("log");
  expect([file, `${file}-wal`].map((name) => folder.fingerprint(name))).toEqual(before);
  using other = new TemporaryFolder();
  await Bun.write(other.join(file), folder.bytes(file));
  const part = await copy(other, (await newTarget()).url);
  expect(part.code).toBe(0);
  expect(part.stderr).toContain("its log iot_server.db-wal is not here");
});

test("a copy that was killed goes on, and until it has ended nobody uses it", async () => {
  using folder = new TemporaryFolder();
  await served(folder, manyReports);
  const target = await newTarget();
  await killed(folder, target);
  const args = ["--store", target.url, "--data", ".", "--store-wait", "0"];
  const started = await run(serverBinary, [String(await freePort()), ...args], folder.path);
  expect(started.code).toBe(1);
  expect(started.stderr).toContain(`iot-server copy ${file} ${target.url}`);
  const exported = await run(serverBinary, ["export", "--store", target.url], folder.path);
  expect(exported.code).toBe(1);
  const again = await copy(folder, target.url);
  expect(again.stderr).toContain("Going on");
  expect(again.stdout).toContain(`${manyReports + 2} reports`);
  expect(again.code).toBe(0);
  const twice = await copy(folder, target.url);
  expect(twice).toMatchObject({ code: 1, stdout: "" });
  expect(twice.stderr).toContain(`is not empty: it has reports, from a copy of ${file}`);
  const checked = await run(serverBinary, ["check", "--store", target.url], folder.path);
  expect(checked.code).toBe(0);
});

test("a copy that was killed starts again if the database has changed meanwhile", async () => {
  using folder = new TemporaryFolder();
  await served(folder, manyReports);
  const target = await newTarget();
  await killed(folder, target);
  const database = new Database(folder.join(file));
  database.run("DELETE FROM data WHERE sequence < 9");
  database.close();
  const again = await copy(folder, target.url);
  expect(again.stderr).toContain("Starting again");
  expect(again.stdout).toContain(`${manyReports + 2 - 8} reports`);
  expect(again.code).toBe(0);
});

test("neither side may be served meanwhile", async () => {
  using folder = new TemporaryFolder();
  const target = await newTarget();
  {
    await using server = await startServer({ folder: folder.path });
    const refused = await copy(folder, target.url);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(`${file} is served by an iot-server.`);
    await server.stop();
  }
  using other = new TemporaryFolder();
  await using server = await startServer({ folder: other.path, args: ["--store", target.url] });
  const refused = await copy(folder, target.url);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("Another iot-server uses");
  await server.stop();
});

test("what cannot be copied, and where nothing can go, is told with the next step", async () => {
  using folder = new TemporaryFolder();
  const { device } = await served(folder);
  const target = await newTarget();
  const refusals: [words: string, code: number, args: string[]][] = [
    ["There is no database none.db.", 1, ["none.db", target.url]],
    ["does not answer", 1, [file, "postgres://iot@127.0.0.1:1/iot"]],
    ["There is no database nobodys", 1, [file, target.url.replace(/[^/]*$/, "nobodys")]],
    ["is not a database of iot-server", 1, ["foreign.db", target.url]],
    ["was written by a newer iot-server", 1, ["newer.db", target.url]],
    ["which PostgreSQL does not keep", 1, ["sharing.db", target.url]],
    ["needs a target", 2, [file]],
    ["no postgres:// URL", 2, [file, "other.db"]],
    ["contains a password", 2, [file, target.url.replace("iot@", "iot:sesame@")]],
    ["--db is not an option of copy", 2, [file, target.url, "--db", "x"]],
  ];
  const foreign = new Database(folder.join("foreign.db"));
  foreign.run("CREATE TABLE of_another (n)");
  foreign.close();
  for (const name of ["newer.db", "sharing.db"]) {
    await Bun.write(folder.join(name), folder.bytes(file));
  }
  const newer = new Database(folder.join("newer.db"));
  newer.run("PRAGMA user_version = 999");
  newer.close();
  const sharing = new Database(folder.join("sharing.db"));
  sharing.run(
    `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
     SELECT 'twin', mac, mac_key, '10.9.9.9', 1, password, 1, 1 FROM registrar`,
  );
  sharing.close();
  for (const [words, code, args] of refusals) {
    const ended = await run(serverBinary, ["copy", ...args], folder.path);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).not.toContain("sesame");
  }
  expect(folder.names().filter((name) => name.includes(".copy-"))).toEqual([]);
  // Nothing of all that has come there: the copy is still possible, and devices that share an IP need --shared-ip.
  const shared = new Database(folder.join(file));
  shared.run(
    `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
     SELECT 'neighbour', 'b', 'b', ip, 1, password, 1, 1 FROM registrar WHERE id = '${device.id}'`,
  );
  shared.close();
  const done = await copy(folder, target.url);
  expect(done.code).toBe(0);
  expect(done.stdout).toContain("--shared-ip");
  await sudo(target.database, "UPDATE schema_version SET version = 999");
  expect((await copy(folder, target.url)).stderr).toContain("was written by a newer iot-server");
});
