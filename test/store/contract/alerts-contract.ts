// The contract of a store for alerts: settings, alerts, messages and their numbers, what is kept of them, and that a commit is
// all or nothing.

import { expect, test } from "bun:test";
import {
  type AlertChange,
  alertLimits,
  type AlertQuery,
  type AlertRow,
  type AlertSetting,
  type AlertStore,
  type DeliveryRow,
} from "../../../lib/server/alert-store.ts";
import { startOfTime } from "../fixtures.ts";
import type { OpenNew } from "./tested-store.ts";

/** An alert by number, firing if nothing else is said. */
export function alertOf(number: number, change: Partial<AlertRow> = {}): AlertRow {
  const { state = "firing" } = change;
  return {
    number,
    rule: "cold",
    device: `device-${number}`,
    state,
    value: -1.5,
    since: startOfTime + number,
    fired: state === "pending" ? null : startOfTime,
    resolved: state === "resolved" ? startOfTime + 1 : null,
    notified: null,
    notices: 0,
    ...change,
  };
}

/** A message by number, which waits if nothing else is said. */
export function deliveryOf(number: number, change: Partial<DeliveryRow> = {}): DeliveryRow {
  const row = { number, destination: "ops", body: `{"n":${number}}`, created: startOfTime };
  return { ...row, tries: 0, status: "", ended: null, ...change };
}

/** The changes that put alerts and messages. */
export function puts(...rows: (AlertRow | DeliveryRow)[]): AlertChange[] {
  return rows.map((row) =>
    "rule" in row ? { kind: "put-alert", alert: row } : { kind: "put-delivery", delivery: row },
  );
}

/** The change that puts a setting. */
export function putSetting(
  kind: AlertSetting["kind"],
  name: string,
  value: string,
): Extract<AlertChange, { kind: "put-setting" }> {
  return { kind: "put-setting", setting: { kind, name, value } };
}

const all: AlertQuery = { state: null, rule: null, device: null, before: Infinity, limit: 100 };

async function numbersOf(
  rows: Promise<readonly { number: number }[]> | readonly { number: number }[],
) {
  return (await rows).map(({ number }) => number);
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Stores many rows in commits of a few thousand. */
async function commitMany(alerts: AlertStore, rows: (AlertRow | DeliveryRow)[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 4_000)
    await alerts.commit(puts(...rows.slice(i, i + 4_000)));
}

/** Runs the contract on a store. */
export function alertsContract(openNew: OpenNew): void {
  test("an empty store has none, and its server leads", async () => {
    const { alerts } = await openNew();
    expect(await alerts.settings()).toEqual([]);
    expect(await alerts.open()).toEqual([]);
    expect(await alerts.waiting()).toEqual([]);
    expect(await alerts.lastTried()).toEqual([]);
    expect(await alerts.alerts(all)).toEqual([]);
    expect(await alerts.next()).toEqual({ alert: 1, delivery: 1 });
    expect(await alerts.lead()).toBe(true);
    expect(await alerts.lead()).toBe(true);
    await alerts.commit([]);
  });

  test("settings are put, replaced and removed, and come by kind and name also after a restart", async () => {
    const store = await openNew();
    const revisions = [await store.alerts.settingsRevision()];
    const secret = `{"url":"https://user:pass@host/?token=é😀","note":"${"x".repeat(1_200)}"}`;
    const commit = async (...changes: AlertChange[]) => {
      await store.alerts.commit(changes);
      revisions.push(await store.alerts.settingsRevision());
    };
    await commit(
      putSetting("rule", "b", "1"),
      putSetting("rule", "a", "2"),
      putSetting("mute", "b", "3"),
    );
    await commit(putSetting("destination", "ops", secret), putSetting("rule", "a", "4\0\u00001"));
    await commit({ kind: "remove-setting", of: "rule", name: "b" });
    await commit({ kind: "remove-setting", of: "rule", name: "nobody" });
    expect(new Set(revisions.slice(0, 4)).size).toBe(4);
    const again = await store.reopened();
    expect(await again.alerts.settings()).toEqual([
      { kind: "destination", name: "ops", value: secret },
      { kind: "mute", name: "b", value: "3" },
      { kind: "rule", name: "a", value: "4\0\u00001" },
    ]);
    expect(await again.alerts.settingsRevision()).toBe(revisions.at(-1) as number);
    await again.alerts.lead();
    await again.alerts.commit(puts(alertOf(1), deliveryOf(1)));
    expect(await again.alerts.settingsRevision()).toBe(revisions.at(-1) as number);
  });

  test("a commit upon a revision of the settings is stored only while they are so", async () => {
    const { alerts } = await openNew();
    const revision = await alerts.settingsRevision();
    const commit = async (value: string) =>
      alerts.commit([putSetting("mute", "1", value)], revision);
    await commit("a");
    expect(await commit("b").catch((error: Error) => error.message)).toContain("same moment");
    expect((await alerts.settings()).map(({ value }) => value)).toEqual(["a"]);
  });

  test("alerts and messages come back as they were put, also after a restart", async () => {
    const store = await openNew();
    await store.alerts.lead();
    const long = `${"é".repeat(600)}\0"\\{}\n`;
    const first = alertOf(1, { state: "pending", value: null, notified: null });
    const second = alertOf(2, { value: 0.1, notified: startOfTime + 5, notices: 3 });
    const third = alertOf(3, { state: "resolved", value: -1e300, device: "é😀" });
    const waits = deliveryOf(1, { body: long, tries: 7, status: "503\0 later" });
    const over = deliveryOf(2, { status: "delivered", ended: startOfTime, tries: 1 });
    await store.alerts.commit(puts(third, over, first, waits, second));
    const { alerts } = await store.reopened();
    expect(await alerts.open()).toEqual([first, second]);
    expect(await alerts.alerts(all)).toEqual([third, second, first]);
    expect(await alerts.waiting()).toEqual([waits]);
    expect(await alerts.lastTried()).toEqual([over]);
    await alerts.lead();
    const fires = { ...first, state: "firing", fired: 9, value: 4 } as const;
    const ends = { ...waits, ended: 10, status: "given up" };
    await alerts.commit(puts(fires, { ...second, state: "resolved", resolved: 8 }, ends));
    expect(await alerts.open()).toEqual([fires]);
    expect(await alerts.waiting()).toEqual([]);
    expect(await alerts.lastTried()).toEqual([over]);
  });

  test("the last message of each destination that was tried is told", async () => {
    const { alerts } = await openNew();
    await alerts.lead();
    const rows = [
      deliveryOf(1, { destination: "b", ended: 9 }),
      deliveryOf(2, { destination: "a", ended: 1 }),
      deliveryOf(3, { destination: "b", ended: 5 }),
      deliveryOf(4, { destination: "b", tries: 2, status: "refused" }),
      deliveryOf(5, { destination: "c" }),
    ];
    await alerts.commit(puts(...rows));
    expect(await numbersOf(alerts.lastTried())).toEqual([2, 4]);
    expect(await numbersOf(alerts.waiting())).toEqual([4, 5]);
  });

  test("lists of alerts go by state, rule and device, newest first, page by page", async () => {
    const { alerts } = await openNew();
    await alerts.lead();
    const states = ["pending", "firing", "resolved"] as const;
    const rows = range(1, 61).map((number) => {
      const device = ["open", "a", "b"][(number * 7) % 3] as string;
      const state = number > 57 ? (states[number % 2] as "pending") : "resolved";
      return alertOf(number, { rule: `r${number % 4}`, device, state });
    });
    await alerts.commit(puts(...rows));
    const isIn = (row: AlertRow, { state, rule, device, before }: AlertQuery) =>
      row.number < before &&
      (state === null || row.state === state || (state === "open" && row.state !== "resolved")) &&
      (rule === null || row.rule === rule) &&
      (device === null || row.device === device);
    for (const state of [null, "open", ...states] as const) {
      for (const rule of [null, "r1", "r2", "none"]) {
        for (const device of [null, "open", "b"]) {
          const query = { ...all, state, rule, device, before: 59, limit: 7 };
          const expected = rows.filter((row) => isIn(row, query)).reverse();
          expect(await alerts.alerts(query)).toEqual(expected.slice(0, 7));
        }
      }
    }
    const pages: number[] = [];
    for (let before = Infinity; ;) {
      const page = await numbersOf(alerts.alerts({ ...all, rule: "r3", before, limit: 4 }));
      if (page.length === 0) break;
      pages.push(...page);
      before = page.at(-1) as number;
    }
    expect(pages).toEqual(
      range(1, 61)
        .filter((n) => n % 4 === 3)
        .reverse(),
    );
  });

  test("a rule has one open alert for a device, and a commit that breaks this leaves nothing", async () => {
    const { alerts } = await openNew();
    await alerts.lead();
    const same = { device: "d" };
    await alerts.commit(puts(alertOf(1, same), deliveryOf(1)));
    const revision = await alerts.settingsRevision();
    const both = [
      putSetting("rule", "x", "1"),
      ...puts(
        deliveryOf(2),
        alertOf(2, { rule: "other" }),
        alertOf(3, { ...same, state: "pending" }),
      ),
    ];
    expect(await Promise.try(() => alerts.commit(both)).catch(() => "failed")).toBe("failed");
    expect(await alerts.settings()).toEqual([]);
    expect(await alerts.settingsRevision()).toBe(revision);
    expect(await numbersOf(alerts.open())).toEqual([1]);
    expect(await numbersOf(alerts.waiting())).toEqual([1]);
    expect(await alerts.next()).toEqual({ alert: 2, delivery: 2 });
    // One that is resolved in the same commit makes room, in whatever order; so does one that is removed.
    await alerts.commit(
      puts(alertOf(3, { ...same, state: "pending" }), alertOf(1, { ...same, state: "resolved" })),
    );
    await alerts.commit([...puts(alertOf(4, same)), { kind: "remove-alert", number: 3 }]);
    await alerts.commit(
      puts(alertOf(5, { ...same, state: "resolved" }), alertOf(6, { device: "e" })),
    );
    expect(await numbersOf(alerts.alerts(all))).toEqual([6, 5, 4, 1]);
  });

  test("of several changes to one row the last one counts", async () => {
    const { alerts } = await openNew();
    await alerts.lead();
    await alerts.commit([
      ...puts(
        alertOf(1),
        alertOf(1, { value: 8 }),
        alertOf(2),
        deliveryOf(1),
        deliveryOf(1, { tries: 2 }),
      ),
      { kind: "remove-alert", number: 2 },
      { kind: "remove-alert", number: 3 },
      ...puts(alertOf(3)),
      putSetting("rule", "a", "1"),
      { kind: "remove-setting", of: "rule", name: "a" },
      { kind: "remove-setting", of: "rule", name: "b" },
      putSetting("rule", "b", "2"),
      putSetting("rule", "b", "3"),
    ]);
    expect(await alerts.open()).toEqual([alertOf(1, { value: 8 }), alertOf(3)]);
    expect(await alerts.waiting()).toEqual([deliveryOf(1, { tries: 2 })]);
    expect(await alerts.settings()).toEqual([{ kind: "rule", name: "b", value: "3" }]);
  });

  test("a number is never given twice, also when the newest rows are gone", async () => {
    const store = await openNew();
    await store.alerts.lead();
    await store.alerts.commit(puts(alertOf(7), deliveryOf(5), alertOf(9)));
    await store.alerts.commit([
      { kind: "remove-alert", number: 9 },
      ...puts(alertOf(12)),
      { kind: "remove-alert", number: 12 },
    ]);
    await store.alerts.commit(puts(alertOf(8), deliveryOf(3)));
    expect(await store.alerts.next()).toEqual({ alert: 13, delivery: 6 });
    const { alerts } = await store.reopened();
    expect(await alerts.next()).toEqual({ alert: 13, delivery: 6 });
    expect(await numbersOf(alerts.open())).toEqual([7, 8]);
  });

  test("of what is over the newest are kept, and nothing of what is not", async () => {
    const { alerts } = await openNew();
    await alerts.lead();
    const { resolvedAlerts, endedDeliveries } = alertLimits;
    const odd = { device: "open" };
    await alerts.commit(puts(alertOf(1, odd), deliveryOf(1), deliveryOf(2, { ended: 3 })));
    const resolved = (n: number) => alertOf(n, { state: "resolved" });
    await commitMany(alerts, range(2, resolvedAlerts + 2).map(resolved));
    await commitMany(
      alerts,
      range(3, endedDeliveries + 2).map((n) => deliveryOf(n, { ended: 4 })),
    );
    const oldest = async (number: number) =>
      numbersOf(alerts.alerts({ ...all, state: "resolved", before: number }));
    expect(await oldest(4)).toEqual([3, 2]);
    await alerts.commit(puts(resolved(resolvedAlerts + 2), deliveryOf(endedDeliveries + 2)));
    expect(await oldest(4)).toEqual([3]);
    // A message that is given up only now is as old as its number says.
    await alerts.commit(puts(deliveryOf(1, { ended: 9, destination: "late" })));
    expect(await numbersOf(alerts.lastTried())).toEqual([endedDeliveries + 1]);
    await alerts.commit(puts(deliveryOf(endedDeliveries + 2, { ended: 9 })));
    expect(await alerts.waiting()).toEqual([]);
    expect(await numbersOf(alerts.open())).toEqual([1]);
  });
}
