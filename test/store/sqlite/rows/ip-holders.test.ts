// REGISTER where devices may share an ip (--shared-ip), and where they shared one before.

import { expect, setDefaultTimeout, test } from "bun:test";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, registerOf } from "../../fixtures.ts";
import { newDatabase } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

const right = { kind: "verified", hash: "h1" } as const;
const one = deviceOf(1, { port: 1 });
const other = deviceOf(2, { ip: one.ip, port: 2 });

/** Two devices that share an ip. */
function sharing() {
  const database = newDatabase();
  const store = new SqliteStore(database);
  const codes = [{ code: "00" }, { code: "00" }];
  const operations = [registerOf(one), registerOf(other)];
  expect(operate(store, operations, { sharedIp: true })).toMatchObject(codes);
  return store;
}

test("no two devices have the same ip and port, not even if one has the ip already", () => {
  const store = sharing();
  const to = (port: number) =>
    operate(store, [registerOf({ ...one, port }, right)], { sharedIp: true });
  expect(to(2)).toMatchObject([{ code: "12", holder: other.id }]);
  expect(to(3)).toMatchObject([{ code: "02" }]);
});

test("a device keeps an ip that it shares from an earlier setting, and no further one gets it", () => {
  const store = sharing();
  expect(operate(store, [registerOf({ ...one, port: 2 }, right)])).toMatchObject([{ code: "02" }]);
  expect(operate(store, [registerOf(deviceOf(3, { ip: one.ip }))])).toMatchObject([{ code: "12" }]);
});
