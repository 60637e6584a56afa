// iot-client wake with the compiled programs: it reports, carries out what waits, keeps its session, and ends; also beside a server that
// is away.

import { readFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const program = 'echo "$IOT_COMMAND_NUMBER $IOT_COMMAND" >> runs; echo "ran $IOT_COMMAND"';

test.each(["in text", "sealed"])("a device wakes, does what waits, and sleeps, %s", async (how) => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const iot = (...args: string[]) => run(serverBinary, args, folder.path);
  const own = await freePort();
  const told: string[] = [];
  const outputs: string[] = [];
  const wake = async (...more: string[]) => {
    const where = ["wake", "--id", "pi1", "--server", `127.0.0.1:${server.port}`];
    const flags = how === "in text" ? ["--text", ...more] : more;
    const does = ["--port", String(own), "--heartbeat", "1h", "--on-command", program];
    const args = [...where, ...does, ...flags];
    await using device = new ClientProcess(folder.path, args, { IOT_PASSWORD: "password" });
    const code = await device.ended();
    outputs.push(device.stdout);
    told.push(...device.stderr.split("\n").filter((line) => line.startsWith("* command")));
    return code;
  };
  expect(await wake("--report", "echo temp=21.5")).toBe(0);
  expect((await iot("devices")).stdout).toContain("online");
  expect((await iot("reports", "pi1")).stdout).toContain("temp=21.5");
  for (const what of ["one", "two", "three"]) await iot("command", "pi1", what);
  expect(await wake()).toBe(0);
  expect(readFileSync(folder.join("runs"), "utf8")).toBe("1 one\n2 two\n3 three\n");
  // What its server has of it stays as it is.
  expect(outputs[1]).toContain("01 already registered, nothing changed");
  // Each is told of once, whether it was sent or asked for.
  expect(told).toEqual(["* command 1: one", "* command 2: two", "* command 3: three"]);
  const rows = (await iot("commands", "--all", "--json")).stdout.trimEnd().split("\n");
  expect(rows.map((line) => JSON.parse(line))).toMatchObject(
    ["three", "two", "one"].map((what) => ({ state: "done", result: `ran ${what}` })),
  );
  expect(await wake()).toBe(0);
  expect(readFileSync(folder.join("runs"), "utf8").split("\n")).toHaveLength(4);
});

test("a new server begins again with number 1, and its command is another one", async () => {
  using folder = new TemporaryFolder();
  using emptied = new TemporaryFolder();
  const [port, own] = [await freePort(), await freePort()];
  const at = `127.0.0.1:${port}`;
  const args = ["wake", "--id", "pi1", "--server", at, "--port", String(own)];
  for (const place of [folder, emptied]) {
    await using server = await startServer({ folder: place.path, port });
    const wake = async () => {
      const device = [...args, "--on-command", program];
      await using awake = new ClientProcess(folder.path, device, { IOT_PASSWORD: "password" });
      return await awake.ended();
    };
    await using trust = new ClientProcess(folder.path, ["trust", "--replace", at], {});
    expect(await trust.ended()).toBe(0);
    expect(await wake()).toBe(0);
    await run(serverBinary, ["command", "pi1", "reboot"], place.path);
    expect(await wake()).toBe(0);
    expect(await wake()).toBe(0);
    expect(await server.stop()).toBe(0);
  }
  expect(readFileSync(folder.join("runs"), "utf8")).toBe("1 reboot\n1 reboot\n");
});

test("a script answers a command by its number", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const iot = (...args: string[]) => run(serverBinary, args, folder.path);
  const client = async (...args: string[]) => {
    const where = ["--id", "pi1", "--server", `127.0.0.1:${server.port}`, "--ip", "127.0.0.1"];
    await using one = new ClientProcess(folder.path, [...args, ...where], { IOT_PASSWORD: "pw" });
    return await one.ended();
  };
  expect(await client("register")).toBe(0);
  expect(await client("login")).toBe(0);
  for (const what of ["on", "off"]) await iot("command", "pi1", what);
  expect(await client("answer", "1", "relay on")).toBe(0);
  expect(await client("answer", "2", "no relay", "--failed")).toBe(0);
  const rows = (await iot("commands", "--all", "--json")).stdout.trimEnd().split("\n");
  expect(rows.map((line) => JSON.parse(line))).toMatchObject([
    { state: "failed", code: "15", result: "no relay" },
    { state: "done", code: "01", result: "relay on" },
  ]);
  expect(await client("answer", "x")).toBe(2);
});

test("without a server it ends with no answer, and its report waits for the next time", async () => {
  using folder = new TemporaryFolder();
  const port = await freePort();
  const args = ["wake", "--id", "pi1", "--server", `127.0.0.1:${port}`];
  const wake = async (...more: string[]) => {
    await using device = new ClientProcess(folder.path, [...args, ...more], { IOT_PASSWORD: "pw" });
    return await device.ended();
  };
  expect(await wake("--report", "echo temp=1", "--timeout", "2s")).toBe(3);
  await using server = await startServer({ folder: folder.path, port });
  expect(await wake("--timeout", "20s")).toBe(0);
  const reports = await run(serverBinary, ["reports", "pi1"], folder.path);
  expect(reports.stdout).toContain("temp=1");
  expect(server.port).toBe(port);
});

test("it wakes at another port, if something else has its own", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using other = await RawDevice.open(server.port, "::");
  const where = ["wake", "--id", "pi1", "--server", `127.0.0.1:${server.port}`];
  const args = [...where, "--port", String(other.port)];
  await using device = new ClientProcess(folder.path, args, { IOT_PASSWORD: "password" });
  expect(await device.ended()).toBe(0);
  expect(device.stdout).toContain("70 logged in");
});
