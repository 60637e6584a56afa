// A running server holds locks on the database that the kernel knows of. Without them, another program that closes the
// database would remove the write-ahead log under the server.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

test("the kernel shows a lock on the database while it is served", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  expect(server.port).toBeGreaterThan(0);
  const { ino } = statSync(folder.join("iot_server.db"));
  const locks = readFileSync("/proc/locks", "utf8").split("\n");
  expect(locks.filter((line) => line.includes(`:${ino} `))).not.toBeEmpty();
});
