// Two nodes that register 10,000 devices at the same moment, which want the same ids, IPs and MACs: each goes to one of them.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { laneOfDevice } from "../../../../lib/server/lanes.ts";
import type { Judged } from "../../../../lib/server/passwords/proof.ts";
import type { DeviceFacts } from "../../../../lib/server/rows.ts";
import type { OpenStore } from "../../../../lib/server/store-care.ts";
import type { Decided } from "../../../../lib/server/store-port.ts";
import { type Registered, registration } from "../../../../lib/server/verbs/register.ts";
import { postgresServer } from "../../../postgres-server.ts";
import { SeededRandom } from "../../../e2e/seeded-random.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { startOfTime } from "../../fixtures.ts";
import { closeStores, newAddress, openAt } from "../postgres-fixtures.ts";

setDefaultTimeout(3 * testTimeoutMs);
afterEach(closeStores);

const slots = 10_000;
/** How many devices register at about the same moment at each node, and how many of them with one commit. */
const atOnce = 500;
const perBatch = 25;
const policy = { sharedIp: false, keyPolicy: "replace", join: "open" } as const;
const traits = { fingerprint: "SHA256:one", sharedIp: false };

/** What the two devices of a slot both want, and the code of who does not get it. */
const wanted = ["id", "ip", "mac"] as const;
const codes = { id: "11", ip: "12", mac: "13" };

/** The device of a node in a slot: one of its facts is that of the other node's device. */
function deviceAt(node: "a" | "b", slot: number): DeviceFacts {
  const shared = wanted[slot % 3] as (typeof wanted)[number];
  const own = { id: `${node}-${slot}`, mac: `${node}-mac-${slot}`, ip: `${node}-ip-${slot}` };
  return { ...own, port: 2000, [shared]: `both-${slot}` };
}

function shuffled(numbers: readonly number[], random: SeededRandom): number[] {
  const left = [...numbers];
  return numbers.map(() => left.splice(random.below(left.length), 1)[0] as number);
}

/** Registers the devices of some slots, in any order; a batch that fails is sent again, as devices do. */
async function register(
  store: OpenStore,
  node: "a" | "b",
  of: readonly number[],
): Promise<{ codes: Map<number, string>; failed: number }> {
  const lanes = store.lanes ?? 1;
  const byLane = Map.groupBy(of, (slot) => laneOfDevice(deviceAt(node, slot).id, lanes));
  const answers = new Map<number, string>();
  let failed = 0;
  const registerIn = async (lane: number, own: readonly number[]) => {
    if (own.length > perBatch) {
      await registerIn(lane, own.slice(0, perBatch));
      return registerIn(lane, own.slice(perBatch));
    }
    const proof = { kind: "hashed", hash: "h" } as const;
    const asked = { proof, sealed: false, clientKey: null, at: startOfTime, request: null };
    const steps = own.map((slot) =>
      registration({ ...asked, device: deviceAt(node, slot) }, policy),
    );
    for (let results; results === undefined;) {
      results = await Promise.resolve(store.apply(steps, lane)).catch(() => void failed++);
      for (const [i, result] of (results ?? []).entries()) {
        const { outcome } = result as Decided<Judged<Registered>>;
        answers.set(own[i] as number, outcome.kind === "done" ? outcome.code : outcome.kind);
      }
    }
  };
  await Promise.all(Array.from(byLane, ([lane, own]) => registerIn(lane, own)));
  return { codes: answers, failed };
}

test("of 10,000 pairs of devices that want the same id, IP or MAC at two nodes at once, one each gets it", async () => {
  const address = await newAddress();
  const [a, b] = await Promise.all(["a", "b"].map((node) => openAt(address, [], traits, node)));
  const random = new SeededRandom(20_261_128);
  const won = { a: 0, b: 0 };
  let failed = 0;
  for (let first = 0; first < slots; first += atOnce) {
    const block = Array.from({ length: atOnce }, (_, i) => first + i);
    const [atA, atB] = await Promise.all([
      register(a as OpenStore, "a", shuffled(block, random)),
      register(b as OpenStore, "b", shuffled(block, random)),
    ]);
    failed += atA.failed + atB.failed;
    for (const slot of block) {
      const winner = atA.codes.get(slot) === "00" ? "a" : "b";
      won[winner]++;
      const [got, not] = winner === "a" ? [atA, atB] : [atB, atA];
      const taken = codes[wanted[slot % 3] as (typeof wanted)[number]];
      expect([got.codes.get(slot), not.codes.get(slot)]).toEqual(["00", taken]);
    }
  }
  console.log(`node a got ${won.a}, node b ${won.b}; ${failed} batches failed`);
  expect(won.a * won.b).toBeGreaterThan(0);
  const sql = (await postgresServer()).connect(address.database);
  const [row] = (await sql.unsafe(
    "SELECT count(*)::int AS all, count(DISTINCT id)::int AS ids, count(DISTINCT ip)::int AS ips, count(DISTINCT mac_key)::int AS macs FROM device",
  )) as unknown[];
  await sql.close({ timeout: 0 });
  expect(row).toEqual({ all: slots, ids: slots, ips: slots, macs: slots });
});
