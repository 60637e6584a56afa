// The server's life cycle as its operator sees it: what a start prints and creates, where it answers, how it ends, and
// that it continues after a restart.

import { expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { data, login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("a start prints where it listens, logs and stores, and then nothing", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  await device.code("garbage");
  expect(await server.stop()).toBe(0);
  const lines = server.stdout.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(6);
  expect(lines[0]).toContain(`UDP ${server.port}`);
  expect(lines[0]).toContain("IPv4 and IPv6");
  expect(lines.at(-1)).toContain("iot_server.db");
  expect(lines.at(-1)).toContain("log/");
  expect(server.stderr).toBe("");
});

test("the first start shows the admin token, later ones do not; all show the key", async () => {
  using folder = new TemporaryFolder();
  await using first = await startServer({ folder: folder.path });
  expect(await first.stop()).toBe(0);
  const token = folder.text("iot_server.db.token").trim();
  expect(token).toStartWith("iot_");
  expect(first.stdout.split(token)).toHaveLength(2);
  const { stdout: key } = await run(serverBinary, ["fingerprint"], folder.path);
  expect(first.stdout).toContain(key.trim());
  await using later = await startServer({ folder: folder.path });
  expect(await later.stop()).toBe(0);
  expect(later.stdout).not.toContain(token);
  expect(later.stdout).toContain(key.trim());
  expect(later.stdout).toContain(`http://127.0.0.1:${later.port}`);
  for (const log of ["log/Activity.log", "log/error.log"]) {
    expect(folder.text(log)).not.toContain(token);
  }
});

test("a start creates logs, database and a control socket that only its user can access", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  expect(folder.files()).toContain("iot_server.db");
  expect(folder.files()).toContain("log/Activity.log");
  expect(folder.files()).toContain("log/error.log");
  expect(statSync(folder.join("iot_server.db.sock")).mode & 0o777).toBe(0o600);
  expect(await server.stop()).toBe(0);
});

test("it answers over IPv4 and IPv6", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  for (const from of ["127.0.0.1", "::1"]) {
    using device = await RawDevice.open(server.port, from);
    const identity = newIdentity();
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login(identity))).toBe("70");
    expect(await device.code(status(identity))).toBe("40");
  }
});

test("--host listens on that address only", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, args: ["--host", "127.0.0.1"] });
  expect(server.stdout).toContain("127.0.0.1");
  using four = await RawDevice.open(server.port);
  expect(await four.code(status(newIdentity()))).toBe("41");
  // The port can be bound on IPv6, so the server does not hold it there.
  const six = await Bun.udpSocket({ hostname: "::1", port: server.port });
  six.close();
});

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  test(`sessions and reports continue after ${signal} and a restart, without a new LOGIN`, async () => {
    using folder = new TemporaryFolder();
    const identity = newIdentity();
    const report = data(identity, "before the end");
    let port: number;
    {
      await using server = await startServer({ folder: folder.path });
      using device = await RawDevice.open(server.port);
      expect(await device.code(register(identity))).toBe("00");
      expect(await device.code(login(identity))).toBe("70");
      expect(await device.code(report)).toBe("50");
      const code = await server.stop(signal);
      if (signal !== "SIGKILL") expect(code).toBe(0);
      port = server.port;
    }
    await using server = await startServer({ folder: folder.path, port });
    using device = await RawDevice.open(port);
    expect(await device.code(status(identity))).toBe("40");
    expect(await device.code(report)).toBe("50");
    expect(await device.code(register(identity))).toBe("01");
    expect(await server.stop()).toBe(0);
  });
}

test("devices are served even if the path of the control socket is too long to create it", async () => {
  using folder = new TemporaryFolder();
  const db = `${"long".repeat(30)}.db`;
  await using server = await startServer({ folder: folder.path, args: ["--db", db] });
  using device = await RawDevice.open(server.port);
  expect(await device.code(register(newIdentity()))).toBe("00");
  expect(server.stderr).toStartWith("warning: The control socket ");
  expect(server.stderr).toContain("\n  Use a shorter path for --db");
  const query = await run(serverBinary, ["query", "asmith", "--db", db], folder.path);
  expect(query).toMatchObject({ code: 1, stdout: "" });
  expect(query.stderr).toContain("No iot-server answers for");
  expect(await server.stop()).toBe(0);
  expect(folder.text("log/error.log")).toContain("The control socket ");
});

test("a clean end leaves neither a write-ahead log nor a socket", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  await device.code(register(newIdentity()));
  expect(await server.stop()).toBe(0);
  expect(folder.names().filter((name) => /-wal|-shm|\.sock$/.test(name))).toEqual([]);
  expect(folder.text("log/Activity.log").trimEnd().split("\n").at(-1)).toEndWith("stops");
});

test("requests that arrived before SIGTERM are answered", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  await device.code(login(identity));
  const reports = Array.from({ length: 100 }, (_, i) => data(identity, `report ${i}`));
  await device.sendAll(reports);
  expect(await server.stop()).toBe(0);
  for (const _ of reports) expect(await device.next()).toStartWith("ACK\t50\t");
});

test("waiting password checks do not delay the end", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const wanted = Array.from({ length: 120 }, () => register(newIdentity()));
  await device.sendAll(wanted);
  // One is answered, so the others wait in the queue.
  expect(await device.next()).toStartWith("ACK\t00\t");
  expect(await server.stop()).toBe(0);
  expect(server.stderr).toBe("");
  expect(device.heard.length).toBeLessThan(wanted.length);
});
