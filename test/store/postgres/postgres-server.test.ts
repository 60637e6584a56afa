// The tests' own PostgreSQL: it starts, each test has a database of its own, and what was committed survives a crash.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { postgresServer, startNew } from "../../postgres-server.ts";

setDefaultTimeout(testTimeoutMs);

test("databases are empty and apart, and commits are flushed", async () => {
  const server = await postgresServer();
  const names = [await server.newDatabase(), await server.newDatabase()];
  const [one, other] = names.map((name) => server.connect(name));
  await one?.unsafe("CREATE TABLE here (n int)");
  const found = await other?.unsafe(
    "SELECT to_regclass('here') AS it, current_setting('fsync') AS f",
  );
  expect([...(found ?? [])]).toEqual([{ it: null, f: "on" }]);
  for (const sql of [one, other]) await sql?.close({ timeout: 0 });
});

test("after a crash it comes back on its port with what was committed", async () => {
  const server = await startNew();
  const name = await server.newDatabase();
  const sql = server.connect(name);
  await sql.unsafe("CREATE TABLE kept AS SELECT 7 AS n");
  await sql.close({ timeout: 0 });
  await server.restart("immediate");
  const again = server.connect(name);
  expect([...(await again.unsafe("SELECT n FROM kept"))]).toEqual([{ n: 7 }]);
  await again.close({ timeout: 0 });
  await server.stop("fast");
});
