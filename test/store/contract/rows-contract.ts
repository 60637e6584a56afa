// The contract of a store for the rows of devices, sessions and stored answers: each kind of key and of write.

import { describe, expect, test } from "bun:test";
import type { NewSession } from "../../../lib/server/rows.ts";
import type { Write } from "../../../lib/server/store-port.ts";
import { startOfTime } from "../fixtures.ts";
import { load, type OpenNew, reading, report, write } from "./tested-store.ts";

const at = startOfTime;
const key = new Uint8Array(32).fill(7);

const inserted = (id: string, change: Partial<{ mac: string; ip: string; port: number }> = {}) =>
  ({
    kind: "insert-device",
    device: { id, mac: `mac-${id}`, ip: `ip-${id}`, port: 1994, ...change },
    hash: `hash of ${id}`,
    at,
  }) as const;

const opened = (device: string, change: Partial<NewSession> = {}): Write => ({
  kind: "open-session",
  session: {
    device,
    source: { ip: "10.0.0.1", port: 5 },
    stated: { ip: "10.0.0.2", port: 6 },
    started: at,
    clientKey: null,
    clockOffset: null,
    ...change,
  },
});

/** Runs the contract on a store. */
export function rowsContract(openNew: OpenNew): void {
  describe("devices", () => {
    test("one that is added is found with all its fields; another id is not", async () => {
      const store = await openNew();
      const id = "A".repeat(64);
      await write(store, inserted(id, { mac: "AA-bb" }));
      const { device } = await load(store, { device: id });
      expect(device).toMatchObject({ id, mac: "AA-bb", ip: `ip-${id}`, port: 1994 });
      expect(device).toMatchObject({ hash: `hash of ${id}`, registered: at, repeats: 0 });
      expect(device).toMatchObject({ sealedKey: null, storedProof: null, textLocked: false });
      expect((await load(store, { device: id.toLowerCase() })).device).toBeNull();
      expect((await load(store, {})).device).toBeNull();
    });

    test("a change leaves the other fields", async () => {
      const store = await openNew();
      await write(store, inserted("a"));
      const seal = { sealedKey: key, storedProof: key, textLocked: true };
      await write(store, { kind: "update-device", id: "a", change: seal, at: null });
      await write(store, { kind: "update-device", id: "a", change: { ip: "x", port: 7 }, at });
      const device = (await load(store, { device: "a" })).device;
      expect(device).toMatchObject({ mac: "mac-a", ip: "x", port: 7, hash: "hash of a" });
      expect(device?.textLocked).toBe(true);
      expect(Buffer.from(device?.sealedKey ?? [])).toEqual(Buffer.from(key));
      expect(Buffer.from(device?.storedProof ?? [])).toEqual(Buffer.from(key));
      await write(store, { kind: "update-device", id: "a", change: { hash: "other" }, at: null });
      expect((await load(store, { device: "a" })).device).toMatchObject({ hash: "other", ip: "x" });
      const unlock = {
        kind: "update-device",
        id: "a",
        change: { textLocked: false },
        at: null,
      } as const;
      await write(store, unlock, { ...unlock, id: "nobody" });
      expect((await load(store, { device: "a" })).device).toMatchObject({
        textLocked: false,
        port: 7,
      });
      expect((await load(store, { device: "nobody" })).device).toBeNull();
    });

    test("one that is removed is gone; its reports and sessions stay", async () => {
      const store = await openNew();
      await write(store, inserted("a"), opened("a"));
      await report(store, reading("a", "x"));
      await write(store, { kind: "remove-device", id: "a" });
      expect((await load(store, { device: "a" })).device).toBeNull();
      expect((await store.reads.sessions("a", 100, 10)).length).toBe(1);
      expect(await store.reads.latestOf(["none", "a"])).toMatchObject([null, { message: "x" }]);
    });

    test.each([
      ["with any port", { besides: "b", ip: "1.1.1.1", port: null }, "a"],
      ["with its port", { besides: "b", ip: "1.1.1.1", port: 1 }, "a"],
      ["with another port", { besides: "b", ip: "1.1.1.1", port: 2 }, null],
      ["the device itself", { besides: "a", ip: "1.1.1.1", port: null }, null],
      ["nobody's", { besides: "b", ip: "1.1.1.2", port: null }, null],
    ])("who has an ip, %s", async (_, ipHolder, holder) => {
      const store = await openNew();
      await write(store, inserted("a", { ip: "1.1.1.1", port: 1 }));
      expect((await load(store, { ipHolder })).ipHolder).toBe(holder);
    });

    test("who has a MAC, in any notation", async () => {
      const store = await openNew();
      await write(store, inserted("a", { mac: "AA:BB:CC:DD:EE:FF" }));
      const holderOf = async (besides: string, mac: string) =>
        (await load(store, { macHolder: { besides, mac } })).macHolder;
      expect(await holderOf("b", "aa-bb-cc-dd-ee-ff")).toBe("a");
      expect(await holderOf("a", "aa-bb-cc-dd-ee-ff")).toBeNull();
      expect(await holderOf("b", "aa-bb-cc-dd-ee-00")).toBeNull();
    });
  });

  describe("sessions", () => {
    test("have ascending numbers, and the newest of a device is found, also an ended one", async () => {
      const store = await openNew();
      expect((await load(store, { device: "a", withSession: true })).session).toBeNull();
      const first = await write(store, opened("a"));
      const second = await write(store, opened("b"));
      const third = await write(store, opened("a", { clientKey: key, clockOffset: -5 }));
      expect(first < second && second < third).toBe(true);
      const end = { reason: "offline", lastSeen: at + 3, at: at + 9 } as const;
      await write(store, { kind: "end-session", session: third, ...end });
      const { session } = await load(store, { device: "a", withSession: true });
      expect(session).toMatchObject({ session: third, device: "a", started: at, clockOffset: -5 });
      expect(session).toMatchObject({ ended: at + 9, reason: "offline", lastSeen: at + 3 });
      expect(session).toMatchObject({ source: { ip: "10.0.0.1", port: 5 }, everySeconds: null });
      expect(session?.stated).toEqual({ ip: "10.0.0.2", port: 6 });
      expect((await load(store, { device: "a" })).session).toBeNull();
    });

    test("end once, by number or as the open one of a device", async () => {
      const store = await openNew();
      const one = await write(store, opened("a"));
      const end = { kind: "end-session", session: one, lastSeen: at + 1, at: at + 2 } as const;
      await write(store, { ...end, reason: "logoff" }, { ...end, reason: "offline", at: at + 5 });
      await write(store, { ...end, session: 999, reason: "offline" });
      await write(store, { kind: "end-open-session", device: "a", reason: "replaced", at: at + 6 });
      const two = await write(store, opened("a"));
      await write(store, opened("b"));
      await write(store, { kind: "end-open-session", device: "a", reason: "replaced", at: at + 7 });
      const ends = await store.reads.sessions("a", two + 1, 10);
      expect(ends.map(({ reason, ended }) => [reason, ended])).toEqual([
        ["replaced", at + 7],
        ["logoff", at + 2],
      ]);
      expect((await store.openSessions()).map(({ device }) => device)).toEqual(["b"]);
    });

    test("are touched, and repeats are counted, also after a restart", async () => {
      const store = await openNew();
      await write(store, inserted("a"));
      const session = await write(store, opened("a"));
      const source = { ip: "192.0.2.1", port: 9 };
      const heard = { lastSeen: at + 50, source, everySeconds: 12.5, clockOffset: -3_600_000 };
      const touch = { session, device: "a", repeats: 2, ...heard };
      const touches = [touch, { ...touch, session: 999, device: "gone" }];
      await write(store, { kind: "touch-sessions", touches }, { kind: "touch-sessions", touches });
      const again = await store.reopened();
      expect(await again.openSessions()).toMatchObject([{ session, device: "a", ...heard }]);
      expect((await load(again, { device: "a" })).device?.repeats).toBe(4);
    });
  });

  test("answers to requests are kept for their device, key and msgid; a later one takes the place", async () => {
    const store = await openNew();
    const digest = new Uint8Array(16).fill(3);
    const request = { device: "a", clientKey: key, msgid: 2n ** 64n - 1n, digest };
    await write(store, { kind: "keep-answer", request, code: "00" });
    const found = async (change: Partial<typeof request> = {}) =>
      (await load(store, { answered: { ...request, ...change } })).answered;
    expect((await found())?.code).toBe("00");
    expect(Buffer.from((await found())?.digest ?? [])).toEqual(Buffer.from(digest));
    expect(await found({ msgid: 2n ** 63n })).toBeNull();
    expect(await found({ device: "b" })).toBeNull();
    expect(await found({ clientKey: new Uint8Array(32) })).toBeNull();
    await write(store, { kind: "keep-answer", request, code: "02" });
    expect((await found())?.code).toBe("02");
  });
}
