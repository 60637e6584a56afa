// Batches of reports are stored as new ones, which fails for a repeat: then they are stored with care, and for a while those
// that follow.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { postgresServer } from "../../postgres-server.ts";
import { reading, report } from "../contract/tested-store.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

test("after a repeat batches are stored with care: PostgreSQL refuses one statement, and each report is stored once", async () => {
  const store = await openAt(await newAddress());
  const server = await postgresServer();
  const refused = () => server.log().split("report_key_key").length - 1;
  const before = refused();
  const steps = [reading("a", "one"), reading("a", "two")];
  const [first, second] = await report(store, ...steps);
  expect([first, second]).toMatchObject([{ repeated: false }, { repeated: false }]);
  expect(refused()).toBe(before);
  const more = await report(store, ...steps, reading("a", "three"));
  const again = { kind: "report", repeated: true };
  expect(more.slice(0, 2)).toMatchObject([
    { ...first, ...again },
    { ...second, ...again },
  ]);
  expect(more[2]).toMatchObject({ kind: "report", repeated: false });
  expect(refused()).toBe(before + 1);
  const last = await report(store, reading("a", "three"), reading("a", "four"));
  expect(last).toMatchObject([{ ...more[2], ...again }, { repeated: false }]);
  expect(refused()).toBe(before + 1);
});
