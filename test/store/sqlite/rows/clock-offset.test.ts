// What a session showed of its device's clock, from its row to the next session.

import { expect, setDefaultTimeout, test } from "bun:test";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { deviceOf, loginOf, registerOf, startOfTime } from "../../fixtures.ts";
import { newDatabase } from "../store-fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { operate } from "../../operations.ts";

setDefaultTimeout(testTimeoutMs);

test("a session takes over the clock offset of the device's session before, also of one that ended", () => {
  const store = new SqliteStore(newDatabase());
  const device = deviceOf(1);
  const logIn = loginOf(device, { kind: "verified", hash: "h1" });
  expect(operate(store, [registerOf(device), logIn])).toMatchObject([
    {},
    { session: 1, clockOffset: null },
  ]);
  const seen = { lastSeen: startOfTime, source: { ip: "192.0.2.1", port: 5 }, everySeconds: null };
  const touch = { session: 1, device: device.id, repeats: 0, ...seen, clockOffset: -3_600_000 };
  operate(store, [
    { kind: "touch", sessions: [touch] },
    { kind: "end", id: "device-1", lastSeen: 0, session: 1, reason: "offline", at: startOfTime },
  ]);
  for (const session of [2, 3]) {
    expect(operate(store, [logIn])).toMatchObject([{ session, clockOffset: -3_600_000 }]);
  }
  expect(store.openSessions()).toMatchObject([{ session: 3, clockOffset: -3_600_000 }]);
});
