// The signs of life of a node: when they are sure, and what happens when they had lapsed. Without a database.

import { afterEach, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import type { Readers } from "../../../../lib/store/postgres/connection/readers.ts";
import { Lease } from "../../../../lib/store/postgres/nodes/lease.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const leases: Lease[] = [];
afterEach(() => {
  for (const lease of leases.splice(0)) lease.close();
});

type Answer = { readonly lapsed: boolean; readonly others: number; readonly living: string };

/** A lease whose signs of life get these answers, and what it has led to; null: the answer is lost. */
function leaseOf(answers: (Answer | null)[]): [Lease, string[]] {
  const read = async () => {
    const answer = answers.shift() ?? null;
    if (answer === null) throw new Error("lost");
    return [answer];
  };
  const lease = new Lease({ read } as unknown as Readers, { node: "a", epoch: 1, pid: 1 });
  leases.push(lease);
  const led: string[] = [];
  const onLapsed = () => {
    led.push("lapsed");
    return new Promise<void>(() => {});
  };
  lease.follow({ onLapsed, onOthers: () => void led.push("others"), onSuperseded: () => {} });
  return [lease, led];
}

test("a lease that had lapsed is renewed while its node settles, and sure only after that", async () => {
  const answers = [{ lapsed: true, others: 1, living: "2" }];
  const read = async () => [answers.shift() ?? { lapsed: false, others: 1, living: "2" }];
  const lease = new Lease({ read } as unknown as Readers, { node: "a", epoch: 1, pid: 1 });
  leases.push(lease);
  let settle = () => {};
  const onLapsed = () => new Promise<void>((resolve) => (settle = resolve));
  lease.follow({ onLapsed, onOthers: () => {}, onSuperseded: () => {} });
  const before = lease.sureUntil;
  await lease.renew();
  await lease.renew();
  expect(lease.sureUntil).toBe(before);
  settle();
  await until("the lease", () => lease.sureUntil > before);
});

test("a node compares its sessions when others come, go, or start again: they may not have told all", async () => {
  const of = (living: string) => ({ lapsed: false, others: living.length, living });
  const [lease, led] = leaseOf(["2", "2", "2 3", "4", "4"].map(of));
  for (let i = 0; i < 5; i++) await lease.renew();
  expect(led).toEqual(["others", "others"]);
});

test("a lapse is noticed although the answer that told it was lost", async () => {
  const sign = { lapsed: false, others: 1, living: "2" };
  const [lease, led] = leaseOf([sign, null, sign]);
  await lease.renew();
  const later = performance.now() + 11_000;
  const clock = spyOn(performance, "now").mockImplementation(() => later);
  expect(lease.renew()).rejects.toThrow("lost");
  await Promise.resolve();
  const before = lease.sureUntil;
  await lease.renew().catch(() => {});
  await lease.renew().catch(() => {});
  clock.mockRestore();
  expect(led).toEqual(["lapsed"]);
  expect(lease.sureUntil).toBe(before);
});
