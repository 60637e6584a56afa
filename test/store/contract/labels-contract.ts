// The contract of a store for labels: what is kept of them, for whom, and that a change is all or nothing.

import { expect, test } from "bun:test";
import { labelling } from "../../../lib/server/devices.ts";
import {
  type LabelChange,
  labelsObject,
  labelsText,
  noLabels,
  readChange,
} from "../../../lib/server/labels.ts";
import type { Write } from "../../../lib/server/store-port.ts";
import { operateSoon } from "../operations.ts";
import { deviceOf, startOfTime } from "../fixtures.ts";
import {
  apply,
  load,
  loading,
  type OpenNew,
  type TestedStore,
  write,
  writing,
} from "./tested-store.ts";

/** Changes in the form of the command line. */
function changes(...texts: string[]): LabelChange[] {
  return texts.map((text) => {
    const read = readChange(text);
    if (!read.ok) throw new Error(text);
    return read.value;
  });
}

function inserted(id: string, mac = `mac-${id}`): Write {
  const device = { id, mac, ip: `ip-${id}`, port: 1 };
  return { kind: "insert-device", device, hash: "h", at: startOfTime };
}

/** What became of a change by its rule. */
async function label(store: TestedStore, id: string, ...texts: string[]) {
  const [result] = await apply(store, labelling(id, changes(...texts)));
  const { outcome } = result as { outcome: { kind: string; labels?: ReadonlyMap<string, string> } };
  return outcome.labels === undefined
    ? outcome.kind
    : { [outcome.kind]: labelsObject(outcome.labels) };
}

async function labelsOf(store: TestedStore, id: string) {
  const kept = (await load(store, { device: id, withLabels: true })).labels;
  return kept === null ? null : { ...labelsObject(kept.labels) };
}

/** Runs the contract on a store. */
export function labelsContract(openNew: OpenNew): void {
  test("are set, changed and removed, and are there after a restart", async () => {
    const store = await openNew();
    await write(store, inserted("a"), inserted("b"));
    expect(await label(store, "a", "name=Cold room", "unit.temp=°C", "note=")).toEqual({
      labelled: { name: "Cold room", note: "", "unit.temp": "°C" },
    });
    expect(await label(store, "a", "note-", "name=Café 😀", "__proto__=odd", "gone-")).toEqual({
      labelled: labelsObject(
        new Map([
          ["__proto__", "odd"],
          ["name", "Café 😀"],
          ["unit.temp", "°C"],
        ]),
      ),
    });
    expect(await label(store, "a", "gone-", "unit.temp=°C")).toMatchObject({ unchanged: {} });
    const again = await store.reopened();
    const [a, b] = await again.reads.roster("", 10);
    expect(labelsText(a?.labels ?? noLabels)).toBe("__proto__=odd,name=Café 😀,unit.temp=°C");
    expect(b?.labels).toEqual(noLabels);
    expect((await load(again, { device: "a", withLabels: true })).labels?.macKey).toBe("mac:a");
    expect((await load(again, { device: "a" })).labels).toBeNull();
  });

  test("of a device that is not there, and too many, change nothing", async () => {
    const store = await openNew();
    await write(store, inserted("a"));
    const many = Array.from({ length: 32 }, (_, i) => `k${i}=${i}`);
    expect(await label(store, "nobody", "a=b")).toBe("unknown");
    expect(await labelsOf(store, "nobody")).toBeNull();
    expect(await label(store, "a", ...many)).toMatchObject({ labelled: { k31: "31" } });
    expect(await label(store, "a", "k0=new", "one-more=x")).toBe("too-many");
    expect(await labelsOf(store, "a")).toMatchObject({ k0: "0" });
    expect(await label(store, "a", "k0-", "one-more=x")).toMatchObject({ labelled: {} });
  });

  test("steps of one batch see what those before have left; a batch that fails leaves nothing", async () => {
    const store = await openNew();
    await write(store, inserted("a"));
    const results = await apply(
      store,
      labelling("a", changes("x=1", "y=1")),
      labelling("a", changes("x-")),
      loading({ device: "a", withLabels: true }),
    );
    const { outcome } = results[2] as { outcome: { labels: { labels: typeof noLabels } } };
    expect(labelsObject(outcome.labels.labels)).toEqual({ y: "1" });
    const failing = {
      kind: "rule",
      keys: {},
      decide: () => {
        throw new Error("no");
      },
    } as const;
    const batch = apply(store, labelling("a", changes("y=2")), failing);
    expect(await batch.catch((error: Error) => error.message)).toBe("no");
    expect(await labelsOf(store, "a")).toEqual({ y: "1" });
  });

  test("stay with id and MAC over a deregistration; another device under the id has none", async () => {
    const store = await openNew();
    const device = deviceOf(1, { mac: "AA-BB" });
    const register = async (mac: string) => {
      const proof = { kind: "hashed", hash: "h" } as const;
      const asked = { device: { ...device, mac }, proof, sealed: false, clientKey: null };
      const operation = { kind: "register", ...asked, join: "open", at: startOfTime } as const;
      const [outcome] = await operateSoon(store, [operation]);
      const { code, labels } = outcome as unknown as { code: string; labels: typeof noLabels };
      return [code, labelsText(labels)];
    };
    expect(await register("AA-BB")).toEqual(["00", ""]);
    await label(store, device.id, "name=Freezer");
    await apply(store, writing({ kind: "remove-device", id: device.id }));
    expect(await store.reads.roster("", 10)).toEqual([]);
    expect(await label(store, device.id, "name=x")).toBe("unknown");
    expect(await register("aa:bb")).toEqual(["00", "name=Freezer"]);
    expect((await store.reads.roster("", 10))[0]?.labels.get("name")).toBe("Freezer");
    await apply(store, writing({ kind: "remove-device", id: device.id }));
    expect(await register("aa:cc")).toEqual(["00", ""]);
    expect((await store.reads.roster("", 10))[0]?.labels).toEqual(noLabels);
    expect(await labelsOf(store, device.id)).toBeNull();
    // Nor has the first one when it comes back.
    await apply(store, writing({ kind: "remove-device", id: device.id }));
    expect(await register("AA-BB")).toEqual(["00", ""]);
  });
}
