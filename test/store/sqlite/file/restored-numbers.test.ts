// A restored database gives no number of a command that may have been given since the copy was made: devices know these.

import { expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join } from "node:path";
import { backUp } from "../../../../lib/store/sqlite/file/backup.ts";
import { openDatabase } from "../../../../lib/store/sqlite/file/open-database.ts";
import { restore } from "../../../../lib/store/sqlite/file/restore.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { startOfTime } from "../../fixtures.ts";
import { newPath, noLegacy } from "../store-fixtures.ts";
import { write } from "../../contract/tested-store.ts";

setDefaultTimeout(testTimeoutMs);

const quiet = { onProgress: () => {}, onChecking: () => {} };

/** Queues some commands; returns their numbers. */
async function queue(path: string, count: number): Promise<number[]> {
  const { database, lock } = await openDatabase(path, noLegacy);
  const store = new SqliteStore(database);
  const command = { device: "a", macKey: "m", message: "x", origin: "cli", request: null } as const;
  const times = { created: startOfTime, expires: startOfTime, due: 9 };
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    numbers.push(await write(store, { kind: "add-command", command: { ...command, ...times } }));
  }
  store.close();
  lock.release();
  return numbers;
}

for (const before of [0, 3]) {
  test(`a million numbers are left out after ${before} commands`, async () => {
    const path = newPath();
    expect(await queue(path, before)).toHaveLength(before);
    const copy = join(dirname(path), "copy.db");
    backUp(path, copy, quiet);
    const given = await queue(path, 5);
    restore(copy, path, `${path}.kept`, quiet);
    const [next = 0] = await queue(path, 1);
    expect(next).toBe(before + 1_000_001);
    expect(given.every((number) => number < next)).toBe(true);
  });
}
