// A full disk, and a database that is removed while it is served: the answer is 95, and nothing is acknowledged that is
// not stored. Once there is room again, the server works without a restart.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, rmSync } from "node:fs";
import { data, type Identity, login, logoff, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { SmallDisk } from "./small-disk.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

async function loggedIn(device: RawDevice): Promise<Identity> {
  const identity = newIdentity();
  expect(await device.code(register(identity))).toBe("00");
  expect(await device.code(login(identity))).toBe("70");
  return identity;
}

/** Sends reports until one is answered 95; returns the messages that were answered 50. */
async function reportUntilRefused(device: RawDevice, identity: Identity): Promise<string[]> {
  const acked: string[] = [];
  for (let i = 0; ; i++) {
    const message = `${i} `.padEnd(1_000, "x");
    const ack = await device.ack(data(identity, message));
    if (ack.code !== "50") {
      expect(ack).toMatchObject({ code: "95", id: identity.id, reason: "storage failed" });
      return acked;
    }
    acked.push(message);
  }
}

function storedMessages(folder: string): string[] {
  const database = new Database(`${folder}/iot_server.db`, { readonly: true });
  const rows = database.query<{ message: string }, []>("SELECT message FROM data").all();
  database.close();
  return rows.map(({ message }) => message).sort();
}

/** Fills the disk under a server, frees it again, and checks both. */
async function overcome(disk: SmallDisk, server: ServerProcess): Promise<void> {
  using device = await RawDevice.open(server.port);
  const identity = await loggedIn(device);
  expect(await device.code(data(identity, "before"))).toBe("50");

  disk.fill(server, 20_000);
  const acked = await reportUntilRefused(device, identity);
  // A smaller report may still fit where the refused one was partly written, so the room is reduced again.
  disk.fill(server, -20_000);
  for (let i = 0; i < 20; i++) expect(await device.code(data(identity, `full ${i}`))).toBe("95");
  expect(await device.code(register(newIdentity()))).toBe("95");
  expect(await device.code(logoff(identity))).toBe("95");
  // What changes memory only still works.
  expect(await device.code(status(identity))).toBe("40");

  disk.free(server);
  const late = newIdentity();
  expect(await device.code(data(identity, "full 3"))).toBe("50");
  expect(await device.code(data(identity, "after"))).toBe("50");
  expect(await device.code(register(late))).toBe("00");
  expect(await device.code(login(late))).toBe("70");
  expect(await device.code(logoff(identity))).toBe("80");
  expect(storedMessages(disk.path)).toEqual(["before", "full 3", "after", ...acked].sort());
}

test("on a full disk reports are answered 95 and not stored; with room again everything works", async () => {
  using disk = new SmallDisk();
  using logs = new TemporaryFolder();
  const options = { folder: disk.path, runBy: disk.runBy, args: ["--log-dir", logs.path] };
  await using server = await startServer(options);
  await overcome(disk, server);
  expect(await server.stop()).toBe(0);
  expect(logs.text("error.log")).toContain("storage failed");
});

test("logs on the same full disk block nothing: their lines go to stderr", async () => {
  using disk = new SmallDisk();
  await using server = await startServer({ folder: disk.path, runBy: disk.runBy });
  await overcome(disk, server);
  expect(await server.stop()).toBe(0);
});

test("SIGTERM on a full disk ends the server cleanly, and a restart has every acknowledged report", async () => {
  using disk = new SmallDisk();
  using logs = new TemporaryFolder();
  const options = { folder: disk.path, runBy: disk.runBy, args: ["--log-dir", logs.path] };
  await using server = await startServer(options);
  using device = await RawDevice.open(server.port);
  const identity = await loggedIn(device);
  disk.fill(server, 20_000);
  const acked = await reportUntilRefused(device, identity);
  // A smaller report may still fit where the refused one was partly written, so the room is reduced again.
  disk.fill(server, -20_000);
  expect(await server.stop()).toBe(0);
  disk.free(server);
  await using again = await startServer({ ...options, port: server.port });
  expect(await device.code(data(identity, "after"))).toBe("50");
  expect(storedMessages(disk.path)).toEqual([...acked, "after"].sort());
  expect(await again.stop()).toBe(0);
});

for (const [what, take] of Object.entries({
  "is deleted": (path: string) => rmSync(path),
  "is replaced by a copy": (path: string) => {
    copyFileSync(path, `${path}.copy`);
    rmSync(path);
    copyFileSync(`${path}.copy`, path);
  },
})) {
  test(`a database that ${what} while it is open is noticed at once: only 95, and no false 50`, async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    const identity = await loggedIn(device);
    expect(await device.code(data(identity, "before"))).toBe("50");
    take(folder.join("iot_server.db"));
    // The first commit after the loss is noticed, too: the file is checked between a commit and its ACK.
    for (let i = 0; i < 50; i++) expect(await device.code(data(identity, `lost ${i}`))).toBe("95");
    await until("a line about it", () =>
      folder.text("log/error.log").includes("iot_server.db was deleted or replaced"),
    );
    expect(server.isRunning).toBe(true);
  });
}
