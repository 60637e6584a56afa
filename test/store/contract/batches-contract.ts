// The contract of a store for batches: they see themselves, and fail as a whole.

import { expect, test } from "bun:test";
import type { Write } from "../../../lib/server/store-port.ts";
import { startOfTime as at } from "../fixtures.ts";
import {
  apply,
  loading,
  type OpenNew,
  reading,
  report,
  type TestedStore,
  write,
  writing,
} from "./tested-store.ts";

const inserted = (id: string): Write => ({
  kind: "insert-device",
  device: { id, mac: `mac-${id}`, ip: `ip-${id}`, port: 1994 },
  hash: `hash of ${id}`,
  at,
});

const opened = (device: string): Write => ({
  kind: "open-session",
  session: {
    device,
    source: { ip: "10.0.0.1", port: 5 },
    stated: { ip: "10.0.0.2", port: 6 },
    started: at,
    clientKey: null,
    clockOffset: null,
  },
});

async function contentOf(store: TestedStore) {
  const devices = await store.reads.roster("", 100);
  const facts = await store.reads.factsOf(devices.map(({ id }) => id));
  return { devices, facts, open: await store.openSessions(), end: await store.reads.end() };
}

/** Runs the contract on a store. */
export function batchesContract(openNew: OpenNew): void {
  test("each step finds what those before it have left", async () => {
    const store = await openNew();
    const results = await apply(
      store,
      loading({ device: "a" }),
      writing(inserted("a"), opened("a")),
      loading({ device: "a", withSession: true }),
      reading("a", "x"),
      loading({ device: "a", withLastReport: true }),
      writing({ kind: "remove-device", id: "a" }),
      loading({ device: "a", withLastReport: true }),
    );
    expect(results).toMatchObject([
      { outcome: { device: null } },
      { outcome: null, number: 1 },
      { outcome: { device: { id: "a" }, session: { session: 1 } }, number: 0 },
      { kind: "report", repeated: false },
      { outcome: { lastReport: { message: "x" } } },
      { number: 0 },
      // An unregistered device has no last report, though its reports are kept.
      { outcome: { device: null, lastReport: null } },
    ]);
    expect(await apply(store)).toEqual([]);
  });

  test("one that fails leaves no trace, and its numbers are given again, or left out", async () => {
    const store = await openNew();
    await write(store, inserted("a"), opened("a"));
    await report(store, reading("a", "kept"));
    const before = await contentOf(store);
    const broken = {
      ...loading({}),
      decide: () => {
        throw new Error("broken");
      },
    };
    const steps = [
      writing(inserted("b"), opened("b"), { kind: "remove-device", id: "a" }),
      writing({ kind: "end-open-session", device: "a", reason: "replaced", at }),
      reading("a", "lost"),
      reading("a", "kept"),
    ];
    const failing = async () => await apply(store, ...steps, broken);
    expect(failing()).rejects.toThrow("broken");
    expect(await contentOf(store)).toEqual(before);
    expect(await report(store, reading("a", "lost"))).toMatchObject([{ repeated: false }]);
    const number = await write(store, opened("b"));
    if (store.hasHoles === true) expect(number).toBeGreaterThan(1);
    else expect(number).toBe(2);
  });
}
