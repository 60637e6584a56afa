// The contract of a store for what operators read of devices: the roster and the registrations, a page at a time.

import { expect, test } from "bun:test";
import { noLabels } from "../../../lib/server/labels.ts";
import { startOfTime } from "../fixtures.ts";
import { type OpenNew, type TestedStore, write } from "./tested-store.ts";

const at = startOfTime;

/** Runs the contract on a store. */
export function readsContract(openNew: OpenNew): void {
  async function filled(): Promise<TestedStore> {
    const store = await openNew();
    for (const id of ["b", "a", "B", "a1"]) {
      // MACs are compared without regard to case: no two devices have one.
      const mac = id === "B" ? "mac-capital" : `mac-${id}`;
      const device = { id, mac, ip: `ip-${id}`, port: 1 };
      await write(store, { kind: "insert-device", device, hash: "secret", at });
    }
    return store;
  }

  const open = (device: string, started: number) =>
    ({
      kind: "open-session",
      session: {
        device,
        source: { ip: "1.1.1.1", port: 1 },
        stated: { ip: "1.1.1.1", port: 1 },
        started,
        clientKey: null,
        clockOffset: null,
      },
    }) as const;

  test("the roster is in the order of ids as bytes, a page at a time", async () => {
    const store = await filled();
    const ids = async (after: string, limit: number) =>
      (await store.reads.roster(after, limit)).map(({ id }) => id);
    expect(await ids("", 10)).toEqual(["B", "a", "a1", "b"]);
    expect(await ids("", 2)).toEqual(["B", "a"]);
    expect(await ids("a", 10)).toEqual(["a1", "b"]);
    expect(await ids("b", 10)).toEqual([]);
  });

  test("it has each device's latest session by number, whatever the clock showed", async () => {
    const store = await filled();
    await write(store, open("a", at));
    const later = await write(store, open("a", at - 999_999));
    const rows = await store.reads.roster("", 10);
    expect(rows.find(({ id }) => id === "a")).toEqual({
      id: "a",
      labels: noLabels,
      session: later,
      started: at - 999_999,
      lastSeen: at - 999_999,
      ended: null,
      reason: null,
    });
    const never = { session: 0, started: 0, lastSeen: 0, ended: null, reason: null };
    expect(rows.find(({ id }) => id === "b")).toEqual({ id: "b", labels: noLabels, ...never });
  });

  test("a device that was registered again has no session of the registration before", async () => {
    const store = await filled();
    await write(store, open("a", at));
    await write(store, { kind: "remove-device", id: "a" });
    const device = { id: "a", mac: "m", ip: "i", port: 1 };
    await write(store, { kind: "insert-device", device, hash: "h", at: at - 5 });
    const [, row] = await store.reads.roster("", 10);
    expect(row).toMatchObject({ id: "a", session: 0 });
    await write(store, open("a", at - 9));
    expect((await store.reads.roster("", 10))[1]).toMatchObject({ id: "a", started: at - 9 });
    expect(await store.reads.sessions("a", 1e9, 10)).toHaveLength(2);
  });

  test("registrations are read one or many at once, in the order asked for, without secrets", async () => {
    const store = await filled();
    expect(await store.reads.facts("nobody")).toBeNull();
    const one = await store.reads.facts("a");
    expect(one).toMatchObject({ id: "a", mac: "mac-a", ip: "ip-a", port: 1, registered: at });
    expect(JSON.stringify(one)).not.toContain("secret");
    const many = await store.reads.factsOf(["b", "nobody", "a"]);
    expect(many.map((facts) => facts?.id ?? null)).toEqual(["b", null, "a"]);
    expect(JSON.stringify(many)).not.toContain("secret");
  });

  test("what has a NUL names nothing", async () => {
    const { reads, alerts } = await filled();
    expect(await reads.facts("a\0")).toBeNull();
    expect((await reads.factsOf(["a\0", "b"])).map((facts) => facts?.id)).toEqual([undefined, "b"]);
    const query = { state: null, rule: null, device: null, before: Infinity, limit: 10 };
    expect(await alerts.alerts({ ...query, rule: "a\0" })).toEqual([]);
    expect(await alerts.alerts({ ...query, device: "a\0" })).toEqual([]);
  });

  test("sessions are read newest first, a page at a time", async () => {
    const store = await filled();
    const numbers = [];
    for (let i = 0; i < 5; i++) numbers.push(await write(store, open("a", at + i)));
    const page = await store.reads.sessions("a", 1e9, 3);
    expect(page.map(({ session }) => session)).toEqual(numbers.slice(2).reverse());
    const next = await store.reads.sessions("a", page.at(-1)?.session ?? 0, 3);
    expect(next.map(({ session }) => session)).toEqual(numbers.slice(0, 2).reverse());
  });

  test("the latest sessions of many devices are read at once", async () => {
    const store = await filled();
    const of = { a: [] as number[], b: [] as number[] };
    for (const id of ["a", "b", "a", "a"] as const) of[id].push(await write(store, open(id, at)));
    const found = await store.reads.sessionsOf(["b", "nobody", "a"], 2);
    const numbers = found.map((rows) => rows.map(({ session }) => session));
    expect(numbers).toEqual([of.b, [], of.a.slice(1).reverse()]);
    expect(found[0]?.[0]).toMatchObject({ device: "b", source: { ip: "1.1.1.1", port: 1 } });
  });
}
