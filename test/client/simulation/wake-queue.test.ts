// The queue of a fleet wakes in the order of time, whatever is moved or taken out meanwhile.

import { expect, setDefaultTimeout, test } from "bun:test";
import { seededRandom } from "../../../lib/client/simulation/seeded-random.ts";
import { WakeQueue, type Woken } from "../../../lib/client/simulation/wake-queue.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("random changes: always the earliest first, each once", () => {
  const random = seededRandom(1);
  const queue = new WakeQueue<Woken>();
  const all = Array.from({ length: 200 }, () => ({ queuedAt: 0, place: -1 }));
  const times = new Map<Woken, number>();
  for (let step = 0; step < 20_000; step++) {
    const it = all[Math.floor(random() * all.length)] as Woken;
    const at = random() < 0.2 ? null : Math.floor(random() * 1_000);
    queue.set(it, at);
    if (at === null) times.delete(it);
    else times.set(it, at);
    const earliest = times.size === 0 ? null : Math.min(...times.values());
    expect(queue.wakeAt).toBe(earliest);
    if (random() > 0.3 || earliest === null) continue;
    const first = queue.takeDue(earliest) as Woken;
    expect(times.get(first)).toBe(earliest);
    times.delete(first);
    expect(queue.takeDue(-1)).toBeNull();
  }
});
