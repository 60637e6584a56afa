// What the feed is told of labels: by the operator's change, by a registration that finds its labels again, by another node.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Fact } from "../../lib/server/feed.ts";
import type { LabelChange } from "../../lib/server/labels.ts";
import type { LabelResult } from "../../lib/server/operator.ts";
import { home, say, ServerBench } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const name = new Map([["name", "Freezer"]]);

/** A bench with a device that is logged in, and what its feed tells from then on. */
function listened() {
  const bench = new ServerBench();
  bench.enter("asmith");
  const told: Fact[] = [];
  bench.engine.feed.subscribe((facts) => void told.push(...facts));
  const label = (id: string, key: string, value: string | null) => {
    const changes: LabelChange[] = [{ key, value }];
    const results: LabelResult[] = [];
    bench.engine.operator.label(id, changes, (result) => results.push(result), bench.moment);
    bench.turn();
    return results;
  };
  return { bench, told, label };
}

test("a change is told once it is on the disk, and only if it changed something", () => {
  const { bench, told, label } = listened();
  expect(label("asmith", "name", "Freezer")).toEqual([{ kind: "labelled", labels: name }]);
  expect(label("asmith", "name", "Freezer")).toEqual([{ kind: "unchanged", labels: name }]);
  expect(label("nobody", "name", "Freezer")).toEqual([{ kind: "unknown" }]);
  bench.store.trouble = "the disk is full";
  expect(label("asmith", "name", "x")).toEqual([{ kind: "storage-failed" }]);
  expect(told).toEqual([{ kind: "labelled", id: "asmith", labels: name, isOwn: true }]);
  expect(bench.activity.at(-1)).toContain("asmith has name=Freezer now");
});

test("a device that registers again has its labels again, and who listens learns them", () => {
  const { bench, told, label } = listened();
  label("asmith", "name", "Freezer");
  bench.ask(say.deregister("asmith"));
  told.length = 0;
  bench.ask(say.register("asmith"));
  expect(told.map(({ kind }) => kind)).toEqual(["registered", "labelled"]);
  expect(told[1]).toEqual({ kind: "labelled", id: "asmith", labels: name, isOwn: true });
  bench.ask(say.deregister("asmith"));
  told.length = 0;
  bench.ask(say.register("asmith", home.ip, 1994, "password", "other-mac"));
  expect(told.map(({ kind }) => kind)).toEqual(["registered"]);
});

test("another node's change is told of a device that this node hears, whose session goes on", () => {
  const { bench, told } = listened();
  const session = bench.engine.desk.sessions.get("asmith");
  const times = { started: bench.wall, lastSeen: bench.wall, ended: null, reason: null };
  const row = { id: "asmith", labels: name, session: 1, ...times, node: "", openCommands: "" };
  bench.engine.elsewhere.noteChanged(new Map([["asmith", row]]), bench.moment);
  expect(told).toEqual([
    { kind: "labelled", id: "asmith", labels: name, isOwn: false },
    { kind: "commands", id: "asmith", numbers: "" },
  ]);
  expect(bench.engine.desk.sessions.get("asmith")).toBe(session as NonNullable<typeof session>);
});
