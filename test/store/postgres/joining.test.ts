// Several servers of one PostgreSQL at the door: of N + 1 devices that race for N uses of a token at different servers and lanes,
// N register; and of two devices that come first under one id, one waits.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { addingToken, lookingAtDoor } from "../../../lib/server/door/door-rules.ts";
import type { DoorView } from "../../../lib/server/door/door-rules.ts";
import { laneOfDevice } from "../../../lib/server/lanes.ts";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { Decided } from "../../../lib/server/store-port.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { apply } from "../contract/tested-store.ts";
import { codesOf, newToken, registering, withToken } from "../door-fixtures.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const traits = { fingerprint: "SHA256:one", sharedIp: false };

async function twoServers(): Promise<readonly [OpenStore, OpenStore]> {
  const address = await newAddress();
  return [await openAt(address, [], traits, "one"), await openAt(address, [], traits, "two")];
}

/** Has devices register all at once, in turn at each server, each in its lane. */
async function race(stores: readonly OpenStore[], ids: readonly string[]): Promise<string[]> {
  const shown = ids.map((id) => registering(id, withToken, "closed"));
  const lanes = stores.map(({ lanes: count = 1 }) =>
    Array.from({ length: count }, () => [] as number[]),
  );
  for (const [i, id] of ids.entries()) {
    const own = lanes[i % stores.length] as number[][];
    (own[laneOfDevice(id, own.length)] as number[]).push(i);
  }
  const batches = lanes.flatMap((own, at) =>
    own.map(async (places, lane) => {
      if (places.length === 0) return [];
      const steps = places.map((place) => shown[place] as (typeof shown)[number]);
      return codesOf(await (stores[at] as OpenStore).apply(steps, lane));
    }),
  );
  return (await Promise.all(batches)).flat();
}

async function look(store: OpenStore): Promise<DoorView> {
  const [result] = await apply(store, lookingAtDoor());
  return (result as Decided<DoorView>).outcome;
}

test("N + 1 devices race for N uses of a token: N register", async () => {
  const stores = await twoServers();
  await apply(stores[0], addingToken({ ...newToken, usesLeft: 20, ids: null }));
  const codes = await race(
    stores,
    Array.from({ length: 21 }, (_, i) => `th-${i}`),
  );
  expect(codes.filter((code) => code === "00")).toHaveLength(20);
  expect(codes.filter((code) => code === "31")).toHaveLength(1);
  const [token] = (await look(stores[1])).tokens;
  expect([token?.usesLeft, token?.used]).toEqual([0, 20]);
  expect(await stores[1].reads.roster("", 100)).toHaveLength(20);
});

test("two devices come first under one id at two servers: one of them waits, and only once", async () => {
  const stores = await twoServers();
  const knock = (at: number) =>
    apply(stores[at] as OpenStore, registering("th-1", { clientKey: new Uint8Array(32).fill(at) }));
  const codes = codesOf((await Promise.all([knock(0), knock(1)])).flat());
  expect(codes).toEqual(["93", "93"]);
  const { pending } = await look(stores[0]);
  expect(pending).toHaveLength(1);
});
