// Receivers of alerts that hang, refuse, are away or are removed: what they get, and that no other waits for them.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Post } from "../../lib/alerts/alert-ports.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { type AlertBench, benchWith, hook, textsOf as texts } from "./alert-bench.ts";

setDefaultTimeout(testTimeoutMs);

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

describe("a receiver", () => {
  const table: readonly (readonly [
    what: string,
    answer: ReturnType<Parameters<AlertBench["receive"]>[1]>,
  ])[] = [
    ["hangs", null],
    ["answers 500", { status: 500, retryAfterMs: null, detail: "oops" }],
    ["answers 429", { status: 429, retryAfterMs: 20_000, detail: "" }],
    ["closes half-way", { failure: "it closed the connection" }],
  ];
  test.each(table)(
    "that %s for an hour gets the message afterwards, and all later ones in order",
    async (_, answer) => {
      const bench = await benchWith("offline");
      await bench.desk.putDestination("other", { url: "http://other/", format: "text" });
      await bench.wait(2 * second);
      const got: string[] = [];
      let isIll = true;
      bench.receive(hook, ({ body }: Post) => {
        if (isIll) return answer;
        got.push((JSON.parse(body) as { text: string }).text);
        return { status: 200, retryAfterMs: null, detail: "" };
      });
      bench.set("pi1", "silent");
      await bench.wait(30 * minute);
      bench.set("pi1");
      await bench.wait(30 * minute);
      // The other one does not wait for it.
      const others = bench.taken<{ text: string }>("http://other/").map(({ text }) => text);
      expect(others).toEqual(["pi1 is offline", "pi1 is back"]);
      const tries = bench.posts.filter(({ url }) => url === hook);
      expect(tries.length).toBeGreaterThan(6);
      expect(new Set(tries.map(({ key }) => key)).size).toBe(1);
      isIll = false;
      await bench.wait(16 * minute);
      expect(got).toEqual(["pi1 is offline", "pi1 is back"]);
      expect(bench.troubles).toEqual([]);
    },
  );

  test.each([
    [400, "no such topic", "400 no such topic"],
    [302, "", "302: redirects are not followed"],
  ])(
    "that answers %d is told of once, and gets no message twice",
    async (status, detail, words) => {
      const bench = await benchWith("offline", { repeatMs: minute });
      bench.receive(hook, () => ({ status, retryAfterMs: null, detail }));
      bench.set("pi1", "silent");
      await bench.wait(5 * minute);
      const keys = bench.posts.map(({ key }) => key);
      expect(keys.length).toBeGreaterThan(2);
      expect(new Set(keys).size).toBe(keys.length);
      expect(bench.troubles).toEqual([
        `A message for the alert destination hook was not taken: ${words}`,
      ]);
      expect(bench.runner.status).toMatchObject({ failing: ["hook"], refused: keys.length });
      expect(bench.store.alerts.lastTried()).toMatchObject([{ status: words }]);
    },
  );

  test.each(table)(
    "that %s keeps none of the others waiting, however many do so",
    async (_, answer) => {
      const bench = await benchWith("offline");
      for (let i = 0; i < 8; i++) {
        bench.receive(`http://ill-${i}/`, () => answer);
        await bench.desk.putDestination(`ill-${i}`, { url: `http://ill-${i}/`, format: "text" });
      }
      await bench.desk.putDestination("well", { url: "http://well/", format: "text" });
      await bench.wait(2 * second);
      bench.set("pi1", "silent");
      await bench.wait(30 * minute);
      bench.set("pi1");
      await bench.wait(3 * minute);
      const told = bench.taken<{ text: string }>("http://well/").map(({ text }) => text);
      expect(told).toEqual(["pi1 is offline", "pi1 is back"]);
      for (let i = 0; i < 8; i++) {
        expect(bench.posts.filter(({ url }) => url === `http://ill-${i}/`).length).toBeGreaterThan(
          4,
        );
      }
    },
  );

  test("that stays away for a day is given up", async () => {
    const bench = await benchWith("offline", { repeatMs: null });
    bench.receive(hook, () => ({ failure: "nobody listens there" }));
    bench.set("pi1", "silent");
    await bench.wait(23 * hour);
    expect(bench.store.alerts.waiting()).toHaveLength(1);
    await bench.wait(2 * hour);
    expect(bench.store.alerts.waiting()).toEqual([]);
    const tries = bench.posts.length;
    expect(bench.troubles).toHaveLength(1);
    await bench.wait(2 * hour);
    expect(bench.posts).toHaveLength(tries);
  });

  test("that is removed gets nothing more, and nothing waits for it", async () => {
    const bench = await benchWith("offline");
    bench.receive(hook, () => ({ failure: "nobody listens there" }));
    bench.set("pi1", "silent");
    await bench.wait(2 * minute);
    expect(await bench.desk.remove("destination", "hook")).toBe(true);
    await bench.wait(3 * second);
    bench.taken(hook);
    await bench.wait(hour);
    expect([texts(bench), bench.store.alerts.waiting()]).toEqual([[], []]);
  });
});
