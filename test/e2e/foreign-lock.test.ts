// Another program holds the database's write lock: reports get 95, and heartbeats and the dashboard go on; once it is
// gone, reports are stored again.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { data, login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("a foreign write lock stops nothing but what has to be stored", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  expect(await device.code(login(identity))).toBe("70");

  const other = new Database(folder.join("iot_server.db"));
  other.run("BEGIN IMMEDIATE");
  for (let i = 0; i < 50; i++) {
    expect(await device.code(data(identity, `locked ${i}`))).toBe("95");
    expect(await device.code(status(identity))).toBe("40");
  }
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(503);
  other.run("COMMIT");
  other.close();

  await until("a stored report", async () => (await device.code(data(identity, "free"))) === "50");
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
  expect(folder.text("log/error.log")).toContain("another program has locked the database");
});
