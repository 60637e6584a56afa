// `iot-server devices` and `reports`: beside a running server, on the database of a stopped one, and where nothing can
// be written. They change nothing.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { data, type Identity, login, logoff, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { ReadOnlyPlace } from "./read-only-place.ts";
import { type Ended, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const [beating, gone, never] = [newIdentity(), newIdentity(), newIdentity()];
const reports = Array.from({ length: 30 }, (_, i) => `reading ${i + 1}`);

/** Registers three devices, of which two log in; one of them reports thirty times, the other logs off. */
async function fill(device: RawDevice): Promise<void> {
  for (const identity of [beating, gone, never]) await device.code(register(identity));
  for (const identity of [beating, gone]) await device.code(login(identity));
  await device.code(logoff(gone));
  for (const report of reports) expect(await device.code(data(beating, report))).toBe("50");
}

/** Runs a listing, and checks that it prints no password. */
async function list(folder: string, args: string[], runBy: string[] = []): Promise<Ended> {
  const ended = await run(serverBinary, args, folder, { runBy });
  for (const { password } of [beating, gone, never]) {
    expect(ended.stdout + ended.stderr).not.toContain(password);
  }
  expect(ended.stdout).not.toContain("$argon2");
  return ended;
}

async function checkReports(folder: string, runBy: string[] = []): Promise<void> {
  const messagesOf = async (...args: string[]) => {
    const { stdout, code } = await list(folder, ["reports", beating.id, ...args, "--json"], runBy);
    expect(code).toBe(0);
    const lines = stdout.split("\n").filter(Boolean);
    return lines.map((line) => (JSON.parse(line) as { message: string }).message);
  };
  expect(await messagesOf()).toEqual(reports.slice(-20));
  expect(await messagesOf("--last", "3")).toEqual(reports.slice(-3));
  expect(await messagesOf("--last", "1000")).toEqual(reports);
  expect(await messagesOf("--since", "1h")).toEqual(reports);
  expect(await messagesOf("--since", "1h", "--last", "2")).toEqual(reports.slice(-2));
  expect(await messagesOf("--since", "2999-01-01")).toEqual([]);

  const table = await list(folder, ["reports", beating.id, "--last", "2"], runBy);
  const [heading, first, second, ...rest] = table.stdout.trimEnd().split("\n");
  expect(heading).toMatch(/RECEIVED .*DEVICE TIME .*CODE  MESSAGE/);
  expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ .* 01 +reading 29$/);
  expect(second).toEndWith("reading 30");
  expect(rest).toEqual([]);
  expect((await list(folder, ["reports", never.id], runBy)).stdout).toContain("No reports");
  const unknown = await list(folder, ["reports", "nobody"], runBy);
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(unknown.stderr).toContain("No device nobody is registered.");
}

async function presences(folder: string, runBy: string[] = []): Promise<string[]> {
  const { stdout, code } = await list(folder, ["devices"], runBy);
  expect(code).toBe(0);
  const lineOf = ({ id }: Identity) => stdout.split("\n").find((line) => line.startsWith(`${id} `));
  return [beating, gone, never].map((identity) => lineOf(identity) ?? "");
}

describe("beside a running server", () => {
  const folder = new TemporaryFolder();
  let server: Awaited<ReturnType<typeof startServer>>;

  beforeAll(async () => {
    server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    await fill(device);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test("devices shows who is online and since when others are offline, and no password", async () => {
    const [online, offline, unseen] = await presences(folder.path);
    expect(online).toContain(beating.mac);
    expect(online).toContain(`${beating.ip}:${beating.port}`);
    expect(online).toEndWith(" online");
    expect(offline).toMatch(/offline since \d{4}-\d\d-\d\d .*logged off/);
    expect(unseen).toEndWith("never logged in");
  });

  test("devices --json prints one object per line", async () => {
    const { stdout } = await list(folder.path, ["devices", "--json"]);
    const devices = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(devices).toHaveLength(3);
    const { id, mac, ip, port } = beating;
    expect(devices.find((device) => device.id === id)).toMatchObject({
      mac,
      ip,
      port,
      online: true,
      session: { ended: null, reason: null, ip: "127.0.0.1" },
    });
  });

  test("reports prints the last ones, oldest first, by number and by time", async () => {
    await checkReports(folder.path);
  });

  test("a listing into a pipe that is closed early ends quietly", async () => {
    const ended = await run("sh", ["-c", `${serverBinary} devices | head -1`], folder.path);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toStartWith("DEVICE");
  });
});

test("on a stopped server's database both work and change nothing, and no device is online", async () => {
  using folder = new TemporaryFolder();
  {
    await using server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    await fill(device);
    await server.stop();
  }
  const before = folder.fingerprint("iot_server.db");
  const files = folder.files();
  const [last, offline, unseen] = await presences(folder.path);
  expect(last).toMatch(/last seen \d{4}-.* server stopped$/);
  expect(offline).toContain("offline since");
  expect(unseen).toEndWith("never logged in");
  await checkReports(folder.path);
  expect(folder.fingerprint("iot_server.db")).toBe(before);
  expect(folder.files()).toEqual(files);
});

test("after a kill both show the last reports, which are in the write-ahead log", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  await fill(device);
  await server.stop("SIGKILL");
  const [last] = await presences(folder.path);
  expect(last).toContain("server stopped");
  await checkReports(folder.path);
});

for (const end of ["SIGTERM", "SIGKILL"] as const) {
  test(`on a read-only database both work, after ${end}`, async () => {
    using place = new ReadOnlyPlace();
    {
      await using server = await startServer({ folder: place.path });
      using device = await RawDevice.open(server.port);
      await fill(device);
      await server.stop(end);
    }
    place.close();
    expect((await presences(place.path, place.runBy))[0]).toContain("server stopped");
    await checkReports(place.path, place.runBy);
  });
}

test("without a database both say where to look, exit with 1, and create none", async () => {
  using folder = new TemporaryFolder();
  for (const args of [["devices"], ["reports", "a"]]) {
    const ended = await run(serverBinary, args, folder.path);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("There is no database iot_server.db");
  }
  expect(folder.names()).toEqual([]);
});
