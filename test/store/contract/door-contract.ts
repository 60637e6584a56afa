// The contract of a store for the door: windows, join tokens and pending devices, their bounds, and that what belongs to a
// registration is stored with it or not at all.

import { expect, test } from "bun:test";
import {
  addingToken,
  judging,
  lookingAtDoor,
  notingWindow,
  revokingToken,
  settingWindow,
} from "../../../lib/server/door/door-rules.ts";
import { pendingMax, type TokenRow, tokensMax } from "../../../lib/server/door/door-rows.ts";
import { tokenHash } from "../../../lib/server/door/join-token.ts";
import { labelsObject, noLabels } from "../../../lib/server/labels.ts";
import type { Registered } from "../../../lib/server/verbs/register.ts";
import type { Decided, Rule } from "../../../lib/server/store-port.ts";
import {
  clientKey,
  codesOf,
  door,
  newToken,
  pendingOf,
  registering,
  withToken,
} from "../door-fixtures.ts";
import { startOfTime as at } from "../fixtures.ts";
import { apply, type OpenNew, type TestedStore, write } from "./tested-store.ts";

async function outcome<Outcome>(store: TestedStore, rule: Rule<Outcome>): Promise<Outcome> {
  const [result] = await apply(store, rule);
  return (result as Decided<Outcome>).outcome;
}

/** Runs the contract on a store. */
export function doorContract(openNew: OpenNew): void {
  test("a window, a token and pending devices are there after a restart as they were", async () => {
    const store = await openNew();
    expect(await outcome(store, lookingAtDoor())).toEqual({
      window: null,
      tokens: [],
      pending: [],
    });
    const labels = new Map([["name", "Café 😀"]]);
    await apply(store, settingWindow(300_000, labels, at));
    const added = await outcome(store, addingToken(newToken));
    const made = { ...newToken, number: 1, used: 0, revoked: false, lastUsed: null };
    expect(added).toEqual({ kind: "added", token: made });
    const plain = pendingOf("b", { clientKey: null, labels });
    await write(store, door({ what: "add-pending", pending: pendingOf("c") }));
    await write(store, door({ what: "add-pending", pending: plain }));
    const again = await store.reopened();
    const { tokens, pending, window } = await outcome(again, lookingAtDoor());
    expect(window).toEqual({ number: 1, leftMs: 300_000, until: at + 300_000, labels });
    const { hash, ...rest } = tokens[0] as TokenRow;
    expect(Buffer.from(hash)).toEqual(Buffer.from(made.hash));
    expect({ ...rest, hash: made.hash }).toEqual(made);
    expect(pending.map((row) => [row.id, row.clientKey && Buffer.from(row.clientKey)])).toEqual([
      ["b", null],
      ["c", Buffer.from(clientKey)],
    ]);
    expect(pending[0]).toEqual(plain);
  });

  test("a window only gets shorter, until the next one", async () => {
    const store = await openNew();
    await apply(store, settingWindow(5_000, noLabels, at));
    await apply(store, notingWindow(1, 2_000, at + 2_000), notingWindow(1, 4_000, at + 9_000));
    await apply(store, notingWindow(7, 1, at));
    const [noted, ...rest] = await apply(
      store,
      settingWindow(0, noLabels, at),
      settingWindow(0, noLabels, at),
      settingWindow(9_000, noLabels, at),
      notingWindow(3, 8_000, at + 8_000),
      lookingAtDoor(),
    );
    expect(noted).toMatchObject({ outcome: { number: 2, leftMs: 0 } });
    expect(rest[0]).toMatchObject({ outcome: { number: 2, leftMs: 0 } });
    expect(rest.at(-1)).toMatchObject({ outcome: { window: { number: 3, leftMs: 8_000 } } });
  });

  test("a token registers as many as it may, in one batch and in several, and labels them", async () => {
    const store = await openNew();
    await apply(store, addingToken({ ...newToken, usesLeft: 2 }));
    const first = await apply(store, registering("th-1", withToken), registering("x", withToken));
    expect(codesOf(first)).toEqual(["00", "31"]);
    const more = ["th-1", "th-2", "th-3"].map((id) => registering(id, withToken, "open"));
    expect(codesOf(await apply(store, ...more))).toEqual(["01", "00", "31"]);
    const [row] = (await outcome(store, lookingAtDoor())).tokens;
    expect(row).toMatchObject({ usesLeft: 0, used: 2, lastUsed: at });
    const roster = await store.reads.roster("", 10);
    expect(roster.map(({ id, labels }) => [id, labelsObject(labels)])).toEqual([
      ["th-1", { area: "Cellar" }],
      ["th-2", { area: "Cellar" }],
    ]);
    await apply(store, revokingToken(1));
    expect(await outcome(store, revokingToken(1))).toEqual({ kind: "unchanged" });
    expect(await outcome(store, revokingToken(9))).toEqual({ kind: "unknown" });
    expect(codesOf(await apply(store, registering("th-4", withToken, "open")))).toEqual(["31"]);
  });

  test("a batch that fails uses no token, and approves nobody", async () => {
    const store = await openNew();
    await apply(store, addingToken({ ...newToken, ids: null }));
    await write(store, door({ what: "add-pending", pending: pendingOf("a") }));
    const decide = () => {
      throw new Error("no");
    };
    const steps = [registering("b", withToken), judging("a", "approved", noLabels)];
    const failing = apply(store, ...steps, { kind: "rule", keys: {}, decide });
    expect(await failing.catch((error: Error) => error.message)).toBe("no");
    const { tokens, pending } = await outcome(store, lookingAtDoor());
    expect([tokens[0]?.usesLeft, pending[0]?.state]).toEqual([1, "waiting"]);
    expect(await store.reads.roster("", 10)).toEqual([]);
  });

  test("who waits is approved once, and is pending no more when it has registered", async () => {
    const store = await openNew();
    const knocks = await apply(store, registering("a", {}), registering("a", { at: at + 60_000 }));
    expect(codesOf(knocks)).toEqual(["93", "93"]);
    const labels = new Map([["area", "Attic"]]);
    const judged = await apply(
      store,
      judging("nobody", "approved", noLabels),
      judging("a", "rejected", noLabels),
      judging("a", "approved", labels),
      judging("a", "approved", noLabels),
    );
    expect(judged.map((result) => (result as Decided<{ kind: string }>).outcome.kind)).toEqual([
      "unknown",
      "rejected",
      "approved",
      "unchanged",
    ]);
    expect((await outcome(store, lookingAtDoor())).pending[0]).toMatchObject({ tries: 2, labels });
    expect(codesOf(await apply(store, registering("a", {})))).toEqual(["00"]);
    expect((await outcome(store, lookingAtDoor())).pending).toEqual([]);
    expect(await outcome(store, judging("a", "approved", noLabels))).toEqual({
      kind: "registered",
    });
    const [row] = await store.reads.roster("", 10);
    expect(labelsObject(row?.labels ?? noLabels)).toEqual({ area: "Attic" });
  });

  test("those that were not heard for a day of service are forgotten, whatever the clock shows", async () => {
    const store = await openNew();
    await write(store, door({ what: "add-pending", pending: pendingOf("a") }));
    for (let hour = 0; hour < 12; hour++) await write(store, { kind: "count-hour" });
    await write(store, door({ what: "add-pending", pending: pendingOf("b", { lastSeen: 0 }) }));
    await write(store, door({ what: "change-pending", pending: pendingOf("gone") }));
    for (let hour = 0; hour < 12; hour++) await write(store, { kind: "count-hour" });
    expect((await outcome(store, lookingAtDoor())).pending.map(({ id }) => id)).toEqual(["b"]);
  });

  test("there is a bound for all and for a source; who was silent for longest makes room", async () => {
    const store = await openNew();
    const many = Array.from({ length: pendingMax }, (_, i) =>
      door({
        what: "add-pending",
        pending: pendingOf(`d${String(i).padStart(4, "0")}`, {
          source: `10.1.${i >> 4}.1`,
          lastSeen: at + i,
          state: i === 0 ? "approved" : "waiting",
        }),
      }),
    );
    await write(store, ...many);
    const knock = (id: string, source: string) => registering(id, { source });
    const full = await apply(store, knock("e1", "10.1.5.1"));
    expect(full[0]).toMatchObject({
      outcome: { code: "93", waits: { reason: "too many devices wait for approval" } },
    });
    for (let hour = 0; hour < 2; hour++) await write(store, { kind: "count-hour" });
    const crowd = await apply(store, knock("e1", "10.9.0.1"), knock("e2", "10.1.5.1"));
    expect(crowd.map((result) => (result as Decided<Registered>).outcome.waits?.isNew)).toEqual([
      true,
      false,
    ]);
    const { pending } = await outcome(store, lookingAtDoor());
    expect(pending).toHaveLength(pendingMax);
    const ids = pending.map(({ id }) => id);
    expect([ids[0], ids[1], ids.at(-1)]).toEqual(["d0000", "d0002", "e1"]);
  });

  test("where all were heard lately, the source that has most makes room: who asked only once, and longest ago", async () => {
    const store = await openNew();
    const sourceOf = (i: number) => (i < 10 ? "10.2.0.1" : `10.1.${i >> 3}.1`);
    const many = Array.from({ length: pendingMax }, (_, i) =>
      door({
        what: "add-pending",
        pending: pendingOf(`d${String(i).padStart(4, "0")}`, {
          source: sourceOf(i),
          lastSeen: at - i,
          tries: i === 9 ? 2 : 1,
          state: i === 8 ? "approved" : "waiting",
        }),
      }),
    );
    await write(store, ...many);
    const knock = (id: string, source: string) => registering(id, { source });
    const isNew = async (rule: ReturnType<typeof knock>) =>
      ((await apply(store, rule))[0] as Decided<Registered>).outcome.waits?.isNew;
    const left = async () => {
      const { pending } = await outcome(store, lookingAtDoor());
      expect(pending).toHaveLength(pendingMax);
      return pending
        .flatMap(({ id }) => (id.startsWith("d000") || id.startsWith("e") ? [id] : []))
        .join(" ");
    };
    expect(await isNew(knock("e1", "10.9.0.1"))).toBe(true);
    expect(await left()).toBe("d0000 d0001 d0002 d0003 d0004 d0005 d0006 d0008 d0009 e1");
    // Of ten and nine, eight are left; all others have as many.
    expect([await isNew(knock("e2", "10.9.0.1")), await isNew(knock("e3", "10.9.0.1"))]).toEqual([
      true,
      true,
    ]);
    expect(await left()).toBe("d0000 d0001 d0002 d0003 d0004 d0005 d0008 d0009 e1 e2 e3");
    expect(await isNew(knock("e4", "10.1.9.1"))).toBe(false);
  });

  test("tokens have a bound: one that is of no use any more makes room", async () => {
    const store = await openNew();
    const made = (i: number) => addingToken({ ...newToken, hash: tokenHash(`${i}`) });
    await apply(store, ...Array.from({ length: tokensMax }, (_, i) => made(i)));
    expect(await outcome(store, made(-1))).toEqual({ kind: "full" });
    await apply(store, revokingToken(5));
    expect(await outcome(store, made(-1))).toMatchObject({ token: { number: tokensMax + 1 } });
    const { tokens } = await outcome(store, lookingAtDoor());
    expect(tokens.some(({ number }) => number === 5)).toBe(false);
  });
}
