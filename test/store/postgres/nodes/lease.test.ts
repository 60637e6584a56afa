// The signs of life of a node: when they are sure, and what happens when they had lapsed. Without a database.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Readers } from "../../../../lib/store/postgres/connection/readers.ts";
import { Lease } from "../../../../lib/store/postgres/nodes/lease.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const leases: Lease[] = [];
afterEach(() => {
  for (const lease of leases.splice(0)) lease.close();
});

test("a lease that had lapsed is renewed while its node settles, and sure only after that", async () => {
  const answers = [{ lapsed: true, others: 1 }];
  const read = async () => [answers.shift() ?? { lapsed: false, others: 1 }];
  const lease = new Lease({ read } as unknown as Readers, { node: "a", epoch: 1, pid: 1 });
  leases.push(lease);
  let settle = () => {};
  const onLapsed = () => new Promise<void>((resolve) => (settle = resolve));
  lease.follow({ onLapsed, onSuperseded: () => {} });
  const before = lease.sureUntil;
  await lease.renew();
  await lease.renew();
  expect(lease.sureUntil).toBe(before);
  settle();
  await until("the lease", () => lease.sureUntil > before);
});
