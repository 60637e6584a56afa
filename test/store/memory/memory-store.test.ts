// The store in memory keeps the contract of all stores.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Write } from "../../../lib/server/store-port.ts";
import { MemoryStore } from "../../../lib/store/memory/memory-store.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { storeContract } from "../contract/store-contract.ts";
import { reading, report, type TestedStore, write } from "../contract/tested-store.ts";
import { deviceOf, startOfTime } from "../fixtures.ts";

setDefaultTimeout(testTimeoutMs);

/** It ends with its process: what is opened again is the same. */
function tested(store: MemoryStore): TestedStore {
  return Object.assign(store, { reopened: async () => tested(store) });
}

const device = deviceOf(1);
const source = { ip: device.ip, port: 7 };

/** Two nodes on common rows, at the first of which a device is logged in; with the number of its session. */
async function twoNodes(): Promise<[MemoryStore, MemoryStore, number]> {
  const a = new MemoryStore("a");
  const session = { device: device.id, source, stated: source, started: 1 };
  const number = await write(
    a,
    { kind: "insert-device", device, hash: "h", at: startOfTime },
    { kind: "open-session", session: { ...session, clientKey: null, clockOffset: null } },
  );
  return [a, new MemoryStore("b", a), number];
}

test("a session in memory is touched by the node that heard it last, and while it is open", async () => {
  const [a, b, session] = await twoNodes();
  const heard = { lastSeen: 5, source, everySeconds: 9, clockOffset: null, repeats: 0 };
  const touch: Write = {
    kind: "touch-sessions",
    touches: [{ session, device: device.id, ...heard }],
  };
  expect([await write(b, touch), await write(a, touch)]).toEqual([0, 1]);
  await write(b, { kind: "end-session", session, reason: "logoff", lastSeen: 6, at: 7 });
  expect(await write(a, touch)).toBe(0);
  expect(a.rows.sessions.get(session)).toMatchObject({ lastSeen: 6, ended: 7 });
});

test("a report in memory is stored at the node of its session", async () => {
  const [a, b, session] = await twoNodes();
  const of = (message: string) => ({ ...reading(device.id, message), session });
  expect(await report(b, of("1"))).toEqual([{ kind: "no-session" }]);
  expect(await report(a, of("1"))).toMatchObject([{ repeated: false }]);
  expect(await report(b, of("1"))).toMatchObject([{ repeated: true }]);
  await write(b, { kind: "move-session", session, device: device.id, source });
  expect(await report(a, of("2"))).toEqual([{ kind: "no-session" }]);
  expect(await report(b, of("2"))).toMatchObject([{ repeated: false }]);
});

describe("in memory", () => {
  storeContract(async () => tested(new MemoryStore()));
});
