// A running server keeps its locks on the database, as the kernel sees them: without them another program that closes
// the database would remove the log from under it.

import { expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

test("the kernel holds a lock on the database for as long as it is served", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  expect(server.port).toBeGreaterThan(0);
  const { ino } = statSync(folder.join("iot_server.db"));
  const locks = readFileSync("/proc/locks", "utf8").split("\n");
  expect(locks.filter((line) => line.includes(`:${ino} `))).not.toBeEmpty();
});
