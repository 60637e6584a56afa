// Batches that reach the database when their numbers are too old, because their server stood still or their line was cut:
// they store nothing.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { Transaction } from "../../../lib/store/postgres/batch/transaction.ts";
import { Writer } from "../../../lib/store/postgres/connection/writer.ts";
import { aliveNow } from "../../../lib/store/postgres/nodes/claim.ts";
import { insertMissing, insertNew } from "../../../lib/store/postgres/reports/report-insert.ts";
import { reportKeyOf } from "../../../lib/store/postgres/reports/report-key.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { reading, report } from "../contract/tested-store.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

/** A store, a connection of its node, and what fences it. */
async function opened() {
  const address = await newAddress();
  const store = await openAt(address);
  const writer = await Writer.open(address, "late");
  const [row] = await writer.query("SELECT node, epoch::float8 AS epoch FROM node");
  return { store, writer, fence: row as unknown as { node: string; epoch: number } };
}

test("reports are stored until then, and not later", async () => {
  const { store, writer, fence } = await opened();
  const steps = [reading("a", "x"), reading("a", "y")];
  const given = steps.map((step, i) => {
    return { report: step.report, session: 0, key: reportKeyOf(step.origin), sequence: 900 + i };
  });
  const [first, second] = given as [(typeof given)[0], (typeof given)[0]];
  const late = await writer.query(...insertMissing([first], fence, Date.now() - 1));
  expect([...late]).toEqual([{ sequence: 900 }]);
  expect((await writer.query(...insertNew([first], fence, Date.now() - 1))).count).toBe(0);
  expect(await writer.query(...aliveNow(fence, Date.now() - 1))).toHaveLength(0);
  const inTime = await writer.query(...insertMissing([second], fence, Date.now() + 5_000));
  expect(inTime).toHaveLength(0);
  expect(await writer.query(...aliveNow(fence, Date.now() + 5_000))).toHaveLength(1);
  expect(await store.reads.reportsAt([900, 901])).toMatchObject([null, { message: "y" }]);
  writer.close();
});

test("a transaction that comes too late changes nothing, one in time does", async () => {
  const { store, writer, fence } = await opened();
  const run = (message: string, until: number) =>
    new Transaction(writer, [reading("a", message)], {
      fence,
      keyOf: ({ origin }) => reportKeyOf(origin),
      mayHaveQuestions: () => false,
      onQuestion: () => {},
      isAgain: false,
      numbers: { next: async () => [message === "late" ? 900 : 901], until, raise: () => {} },
    }).run();
  const refused = run("late", Date.now() - 1).catch((error: Error) => error.message);
  expect(await refused).toContain("division by zero");
  await run("in time", Date.now() + 5_000);
  expect(await store.reads.reportsAt([900, 901])).toMatchObject([null, { message: "in time" }]);
  writer.close();
});

test("the store's own batches are in time", async () => {
  const { store, writer } = await opened();
  await report(store, reading("a", "x"));
  expect(await store.reads.count()).toBe(1);
  writer.close();
});
