// Which devices have an alert that fires, as lists and live events tell it: the gravest one, in bounds, read no more often than it must.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Firing } from "../../../lib/alerts/firing.ts";
import { AlertMarks } from "../../../lib/web/live/alert-marks.ts";
import { alertWords } from "../../../lib/web/ui/alerts/alert-mark.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { fakeAlerts } from "../fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

function firing(device: string, changes: Partial<Firing["alert"]> & Partial<Firing> = {}): Firing {
  const { severity = "warning", condition = "temp > 30", ...alert } = changes;
  const never = { fired: 0, resolved: null, notified: null, notices: 0 } as const;
  const row = {
    number: 1,
    rule: "warm",
    state: "firing",
    value: 31.2,
    since: 0,
    ...never,
  } as const;
  return { alert: { ...row, device, ...alert }, severity, condition };
}

/** Marks of what a test says fires, and what the live events tell of it. */
class MarksBench {
  fires: readonly Firing[] = [];
  reads = 0;
  leads = true;
  now = 0;
  readonly marks = new AlertMarks({
    uptimeMs: () => this.now,
    alerts: {
      ...fakeAlerts(),
      status: () => ({ ...fakeAlerts().status(), leads: this.leads }),
      fires: () => {
        this.reads++;
        return this.fires;
      },
    },
  });

  async told() {
    this.now += 5_000;
    return (await this.marks.next())?.changes ?? [];
  }
}

test("a device has the gravest alert that fires, of several the oldest, and how many do", async () => {
  const bench = new MarksBench();
  bench.fires = [
    firing("a", { number: 3, severity: "info", rule: "info" }),
    firing("a", { number: 2, severity: "critical", rule: "late", value: null }),
    firing("a", { number: 1, severity: "critical", rule: "early", since: 60_000 }),
    firing("b"),
  ];
  await bench.marks.renew();
  expect(bench.marks.of("a")).toEqual({
    firing: 3,
    severity: "critical",
    rule: "early",
    condition: "temp > 30",
    value: 31.2,
    since: "1970-01-01T00:01:00.000Z",
  });
  expect(bench.marks.of("b")).toMatchObject({ firing: 1, severity: "warning" });
  expect(bench.marks.of("c")).toBeNull();
});

test("each change is told once: begun, graver, another number, over; what was before is in the list", async () => {
  const bench = new MarksBench();
  bench.fires = [firing("old")];
  await bench.marks.renew();
  bench.marks.begin();
  expect(await bench.told()).toEqual([]);
  bench.fires = [firing("old"), firing("a")];
  expect(await bench.told()).toMatchObject([{ id: "a", alerts: { firing: 1, value: 31.2 } }]);
  expect(await bench.told()).toEqual([]);
  bench.fires = [firing("old"), firing("a", { value: 33 })];
  expect(await bench.told()).toMatchObject([{ id: "a", alerts: { value: 33 } }]);
  bench.fires = [firing("old"), firing("a", { value: 33, severity: "critical" })];
  expect(await bench.told()).toMatchObject([{ id: "a", alerts: { severity: "critical" } }]);
  bench.fires = [];
  expect(await bench.told()).toEqual([
    { id: "old", alerts: null },
    { id: "a", alerts: null },
  ]);
  expect(await bench.told()).toEqual([]);
});

test("5,000 devices at once are told in some events, and numbers that change with each report in turn", async () => {
  const bench = new MarksBench();
  const all = (value: number) =>
    Array.from({ length: 5_000 }, (_, i) => firing(`d${i}`, { number: i, value }));
  bench.fires = all(31);
  const told = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const changes = await bench.told();
    expect(changes).toHaveLength(1_000);
    for (const { id } of changes) told.add(id);
  }
  expect(told.size).toBe(5_000);
  told.clear();
  for (let i = 0; i < 25; i++) {
    // Each of them changes its number meanwhile.
    bench.fires = all(32 + i);
    const changes = await bench.told();
    expect(changes).toHaveLength(200);
    for (const { id } of changes) told.add(id);
  }
  expect(told.size).toBe(5_000);
  bench.fires = [];
  for (let i = 0; i < 5; i++) expect(await bench.told()).toHaveLength(1_000);
  expect(await bench.told()).toEqual([]);
});

test("it is read at most once a second, what another server has stored every 5 s, and by one at a time", async () => {
  const bench = new MarksBench();
  const renewFor = async (ms: number) => {
    for (const end = bench.now + ms; bench.now < end; bench.now += 100) {
      await Promise.all([bench.marks.renew(), bench.marks.renew()]);
    }
  };
  await renewFor(10_000);
  expect(bench.reads).toBe(10);
  bench.leads = false;
  bench.reads = 0;
  await renewFor(10_000);
  expect(bench.reads).toBeLessThanOrEqual(2);
});

test("the words of a mark", () => {
  const alerts = {
    firing: 1,
    severity: "warning",
    rule: "warm",
    condition: "temp > 30",
    value: 31.2,
    since: "1970-01-01T00:00:00Z",
  } as const;
  expect(alertWords(alerts, 240_000)).toBe("Warning: temp > 30: 31.2 since 4 min");
  const offline = { ...alerts, condition: "offline", value: null, firing: 3 };
  expect(alertWords({ ...offline, severity: "critical" }, 7_200_000)).toBe(
    "Critical: offline since 2 h, and 2 more",
  );
});
