// Without prepared statements, as behind pgbouncer: the store keeps the contract, and has no lock that would outlive its
// session, but a sign of life.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { batchesContract } from "../contract/batches-contract.ts";
import { questionsContract } from "../contract/questions-contract.ts";
import { reportsContract } from "../contract/reports-contract.ts";
import { rowsContract } from "../contract/rows-contract.ts";
import { reading, report } from "../contract/tested-store.ts";
import { closeStores, newAddress, newStoreAt, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const openNew = async () => newStoreAt(await newAddress({ prepare: false }));

describe("without prepared statements", () => {
  describe("rows", () => rowsContract(openNew));
  describe("questions", () => questionsContract(openNew));
  describe("batches", () => batchesContract(openNew));
  describe("reports", () => reportsContract(openNew));

  test("a second server is refused while the first one shows that it lives", async () => {
    const address = await newAddress({ prepare: false });
    const first = await openAt(address);
    const living = setInterval(() => first.watch(), 100);
    const refused = await openAt(address).catch((error: unknown) => error);
    clearInterval(living);
    expect(refused).toMatchObject({ code: "store-in-use" });
    await closeStores();
    await openAt(address);
  });

  test("one that shows nothing is superseded, and stores nothing more", async () => {
    const address = await newAddress({ prepare: false });
    const said: string[] = [];
    const first = await openAt(address, said);
    await report(first, reading("a", "x"));
    const second = await openAt(address);
    expect(report(first, reading("a", "y"))).rejects.toThrow("another");
    await until("words", () => said.some((words) => words.includes("has taken")));
    expect(await report(second, reading("a", "x"), reading("a", "z"))).toMatchObject([
      { repeated: true },
      { repeated: false },
    ]);
    expect(await second.reads.count()).toBe(2);
  });
});
