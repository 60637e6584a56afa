// Without prepared statements, as behind pgbouncer: the store keeps the contract, and has no lock that would outlive its
// session, but a sign of life.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { batchesContract } from "../contract/batches-contract.ts";
import { questionsContract } from "../contract/questions-contract.ts";
import { reportsContract } from "../contract/reports-contract.ts";
import { rowsContract } from "../contract/rows-contract.ts";
import { reading, report } from "../contract/tested-store.ts";
import { postgresServer } from "../../postgres-server.ts";
import { closeStores, newAddress, newStoreAt, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const openNew = async () => newStoreAt(await newAddress({ prepare: false }));

describe("without prepared statements", () => {
  describe("rows", () => rowsContract(openNew));
  describe("questions", () => questionsContract(openNew));
  describe("batches", () => batchesContract(openNew));
  describe("reports", () => reportsContract(openNew));

  test("a second server of the same name is refused while the first one shows that it lives", async () => {
    const address = await newAddress({ prepare: false });
    await openAt(address);
    const refused = await openAt(address).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "node-taken" });
    await closeStores();
    await openAt(address);
  });

  test("one whose name another has taken stores nothing more", async () => {
    const address = await newAddress({ prepare: false });
    const said: string[] = [];
    const first = await openAt(address, said);
    await report(first, reading("a", "x"));
    // As one that was paused would be.
    const traits = { fingerprint: "SHA256:one", sharedIp: false };
    const second = await openAt(address, [], traits, "other");
    const sql = (await postgresServer()).connect(address.database);
    await sql.unsafe("UPDATE node SET epoch = nextval('node_epoch') WHERE node = 'test'");
    await sql.close({ timeout: 0 });
    expect(report(first, reading("a", "y"))).rejects.toMatchObject({ how: "failed" });
    await until("words", () =>
      said.some((words) => words.includes("another iot-server runs as node test")),
    );
    expect(await report(second, reading("a", "x"), reading("a", "z"))).toMatchObject([
      { repeated: true },
      { repeated: false },
    ]);
    expect(await second.reads.count()).toBe(2);
  });
});
