// The compiled server with its data in PostgreSQL: devices, commands and restarts as with a file, passwords that are never
// shown, and words in bad weather.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { postgresServer, startNew, superuser } from "../postgres-server.ts";
import { data, type Identity, login, newIdentity, query, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { ReportLoader } from "./report-loader.ts";
import { freePort, run, serverBinary, ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** The URL of a new database. */
async function newUrl(user = superuser): Promise<string> {
  const server = await postgresServer();
  return `postgres://${user}@127.0.0.1:${server.port}/${await server.newDatabase()}`;
}

/** All stored reports, oldest first. */
async function exported(
  folder: string,
  url: string,
): Promise<{ device: string; message: string }[]> {
  const args = ["export", "reports", "--format", "ndjson", "--store", url];
  const { code, stdout, stderr } = await run(serverBinary, args, folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { device: string; message: string });
}

function errorsOf(folder: string): string {
  return readFileSync(join(folder, "log", "error.log"), "utf8");
}

/** Registers devices and logs them in. */
async function enter(port: number, devices: readonly Identity[]): Promise<void> {
  using socket = await RawDevice.open(port);
  for (const device of devices) {
    expect(await socket.code(register(device))).toBe("00");
    expect(await socket.code(login(device))).toBe("70");
  }
}

/** Each acknowledged report is stored, and none twice. */
async function expectEachOnce(loader: ReportLoader, folder: string, url: string): Promise<void> {
  const counts = new Map<string, number>();
  for (const { message } of await exported(folder, url)) {
    counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  expect([...counts.values()].filter((count) => count > 1)).toEqual([]);
  expect(loader.acked.filter((number) => !counts.has(ReportLoader.messageOf(number)))).toEqual([]);
}

test("devices find all as they left it after a kill, and each report is stored once", async () => {
  using folder = new TemporaryFolder();
  const url = await newUrl();
  const args = ["--store", url];
  const port = await freePort();
  const device = newIdentity({ ip: "127.0.0.1" });
  const report = data(device, "21.5\0 and NUL");
  {
    await using server = await startServer({ folder: folder.path, args, port });
    expect(server.stdout).toContain(`data       ${url}, logs in log/`);
    using socket = await RawDevice.open(port);
    expect(await socket.code(register(device))).toBe("00");
    expect(await socket.code(login(device))).toBe("70");
    expect(await socket.code(report)).toBe("50");
    await server.stop("SIGKILL");
  }
  await using server = await startServer({ folder: folder.path, args, port });
  using socket = await RawDevice.open(port);
  expect(await socket.code(status(device))).toBe("40");
  expect(await socket.code(report)).toBe("50");
  expect(await socket.code(data(device, "more"))).toBe("50");
  expect(await socket.code(register(device))).toBe("01");
  expect(await socket.ask(query(device, "02", device.id))).toContain("more");
  const messages = (await exported(folder.path, url)).map(({ message }) => message);
  expect(messages).toEqual(["21.5\0 and NUL", "more"]);
  const listed = await run(serverBinary, ["devices", ...args], folder.path);
  expect(listed.stdout).toContain(device.id);
  const shown = await run(serverBinary, ["reports", device.id, ...args], folder.path);
  expect(shown.stdout).toContain("more");
  const checked = await run(serverBinary, ["check", ...args], folder.path);
  expect(checked).toMatchObject({ code: 0, stderr: "" });
  expect(checked.stdout).toContain("1 device, 1 session, 2 reports");
  expect(await server.stop()).toBe(0);
});

test("while PostgreSQL restarts under load no acknowledged report is lost or stored twice", async () => {
  using folder = new TemporaryFolder();
  const postgres = await startNew();
  stops.push(() => postgres.stop("immediate"));
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${await postgres.newDatabase()}`;
  await using server = await startServer({ folder: folder.path, args: ["--store", url] });
  const devices = [newIdentity(), newIdentity()];
  await enter(server.port, devices);
  using loader = await ReportLoader.open(devices, server.port);
  for (const how of ["fast", "immediate", "fast"] as const) {
    const before = loader.acked.length;
    // Reports are under way while it goes.
    const flowing = loader.untilAcked(600);
    await until("the load", () => loader.acked.length >= before + 200);
    await postgres.restart(how);
    await loader.resend(loader.pending);
    await flowing;
  }
  await loader.untilAcked(300);
  await loader.resend([...loader.pending]);
  await expectEachOnce(loader, folder.path, url);
});

test("while PostgreSQL is away reports get 93, heartbeats are answered, and all goes on after it", async () => {
  using folder = new TemporaryFolder();
  const postgres = await startNew();
  stops.push(() => postgres.stop("immediate"));
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${await postgres.newDatabase()}`;
  await using server = await startServer({ folder: folder.path, args: ["--store", url] });
  const device = newIdentity();
  await enter(server.port, [device]);
  using socket = await RawDevice.open(server.port);
  expect(await socket.code(data(device, "before"))).toBe("50");
  const at = `http://127.0.0.1:${server.port}`;
  const headers = {
    authorization: `Bearer ${readFileSync(join(folder.path, "iot-server.token"), "utf8").trim()}`,
  };
  const ask = async (path: string) => {
    const response = await fetch(`${at}${path}`, { headers });
    return { status: response.status, body: await response.json() };
  };
  expect(await ask("/api/v1/status")).toMatchObject({ body: { devices: { online: 1 } } });
  await postgres.stop("fast");
  await until("the loss", () => errorsOf(folder.path).includes("is away"));
  expect(await socket.code(data(device, "meanwhile"))).toBe("93");
  expect(await socket.code(status(device))).toBe("40");
  expect(await ask("/healthz")).toEqual({ status: 503, body: { status: "away" } });
  const health = await run(serverBinary, ["health"], folder.path);
  expect(health).toMatchObject({ code: 1, stdout: expect.stringMatching(/^away: .*is away/) });
  const told = await run(serverBinary, ["status"], folder.path);
  expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining("health     away: ") });
  const warning = { code: "store-away", text: expect.stringContaining("is away") };
  expect(await ask("/api/v1/status")).toMatchObject({
    status: 200,
    body: {
      database: { reports: 1 },
      warnings: expect.arrayContaining([expect.objectContaining(warning)]),
    },
  });
  const problem = { code: "storage-failed", detail: expect.stringContaining(url) };
  expect(await ask("/api/v1/devices")).toMatchObject({ status: 503, body: problem });
  await postgres.start();
  await until("its return", () => errorsOf(folder.path).includes("is there again"));
  // Nobody sends it anything, and it is healthy all the same: what looks after nodes sends nothing to one that is not.
  await until("its health", async () => (await ask("/healthz")).status === 200);
  expect(await socket.code(data(device, "meanwhile"))).toBe("50");
  expect(await exported(folder.path, url)).toMatchObject([
    { message: "before" },
    { message: "meanwhile" },
  ]);
});

test("killed again and again under load, a server loses nothing and stores nothing twice", async () => {
  using folder = new TemporaryFolder();
  const url = await newUrl();
  const args = ["--store", url];
  const port = await freePort();
  const devices = [newIdentity(), newIdentity()];
  using loader = await ReportLoader.open(devices, port);
  for (let kill = 0; kill < 5; kill++) {
    await using server = await startServer({ folder: folder.path, args, port });
    if (kill === 0) await enter(port, devices);
    await loader.resend([...loader.pending, ...loader.acked.slice(-50)]);
    await loader.untilAcked(100 + 70 * kill);
    await server.stop("SIGKILL");
  }
  await using server = await startServer({ folder: folder.path, args, port });
  await loader.resend(loader.pending);
  await server.stop();
  await expectEachOnce(loader, folder.path, url);
});

test("a password comes from a file, and is never shown", async () => {
  using folder = new TemporaryFolder();
  const postgres = await postgresServer();
  const sql = postgres.connect();
  await sql.unsafe("CREATE ROLE keeper LOGIN PASSWORD 'open-sesame'");
  await sql.close({ timeout: 0 });
  await postgres.wantPasswordOf("keeper");
  const url = await newUrl("keeper");
  const owner = postgres.connect();
  await owner.unsafe(`ALTER DATABASE ${url.split("/").at(-1)} OWNER TO keeper`);
  await owner.close({ timeout: 0 });
  const file = join(folder.path, "password");
  writeFileSync(file, "open-sesame\n", { mode: 0o600 });
  const port = String(await freePort());
  const refused = await run(serverBinary, [port, "--store", url, "--store-wait", "0"], folder.path);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("PGPASSWORD");
  const args = ["--store", url, "--store-password-file", file];
  await using server = await startServer({ folder: folder.path, args });
  await server.stop();
  expect(server.stdout + server.stderr).not.toContain("open-sesame");
  for (const env of [
    { PGPASSWORD: "open-sesame" },
    { PGPASSFILE: join(folder.path, "passfile") },
  ]) {
    const line = `127.0.0.1:*:*:keeper:open-sesame\n`;
    writeFileSync(join(folder.path, "passfile"), line, { mode: 0o600 });
    const listed = await run(serverBinary, ["devices", "--store", url], folder.path, { env });
    expect(listed).toMatchObject({ code: 0, stderr: "" });
  }
});

test("a database that does not answer is waited for with a line; --store-wait 0 ends with 1", async () => {
  using folder = new TemporaryFolder();
  const postgres = await startNew();
  stops.push(() => postgres.stop("immediate"));
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${await postgres.newDatabase()}`;
  await postgres.stop("fast");
  const port = await freePort();
  const args = ["--store", url];
  const ended = await run(serverBinary, [`${port}`, ...args, "--store-wait", "0"], folder.path);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain(`${url} does not answer`);
  await using server = new ServerProcess({ folder: folder.path, args }, port);
  await until("a line", () => server.stderr.includes("Waiting: "));
  await postgres.start();
  expect(await server.begun).toBe(true);
});
