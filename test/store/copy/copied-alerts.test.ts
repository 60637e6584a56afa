// Alerts in a copy of an SQLite database in PostgreSQL: they go on there, with their settings, messages and numbers.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { PostgresPlace } from "../../../lib/store/postgres/postgres-place.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { alertOf, deliveryOf, puts, putSetting } from "../contract/alerts-contract.ts";
import { closeStores, newAddress, openAt } from "../postgres/postgres-fixtures.ts";
import { newPath } from "../sqlite/store-fixtures.ts";
import { copy, openSource } from "./copy-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

test("alerts go on: what is set, what is open, what waits, and above which numbers", async () => {
  const path = newPath();
  const source = await openSource(path);
  const open = alertOf(1, { value: 0.1, device: "ü", notified: 7, notices: 2 });
  const over = alertOf(2, { state: "resolved" });
  const waits = deliveryOf(1, { body: "NUL \0 é 😀", tries: 3, status: "\0" });
  const delivered = deliveryOf(2, { ended: 1, status: "200", body: "" });
  const setting = putSetting("rule", "cold", '{"é":"\0"}');
  await source.alerts.commit([setting, ...puts(open, over, waits, delivered, alertOf(9))]);
  await source.alerts.commit([{ kind: "remove-alert", number: 9 }]);
  await source.close();
  const address = await newAddress();
  const { counts } = await copy(path, address);
  expect(counts).toMatchObject({ alert_setting: 1, alert: 2, alert_delivery: 2 });
  expect((await new PostgresPlace(path, address, 0).check()).damage).toEqual([]);
  const { alerts } = await openAt(address);
  expect(await alerts.settings()).toEqual([setting.setting]);
  const all = { state: null, rule: null, device: null, before: Infinity, limit: 9 };
  expect(await alerts.alerts(all)).toEqual([over, open]);
  expect(await alerts.waiting()).toEqual([waits]);
  expect(await alerts.lastTried()).toEqual([delivered]);
  expect(await alerts.next()).toEqual({ alert: 10, delivery: 3 });
});

test("a copy without alerts leaves none", async () => {
  const path = newPath();
  await (await openSource(path)).close();
  const address = await newAddress();
  await copy(path, address);
  const { alerts } = await openAt(address);
  expect([await alerts.settings(), await alerts.open(), await alerts.waiting()]).toEqual([
    [],
    [],
    [],
  ]);
  expect(await alerts.next()).toEqual({ alert: 1, delivery: 1 });
});
