// What other nodes do to the sessions of a node, and what becomes of a request of which nobody knows whether it was carried
// out: memory agrees with the store in the end, and the end of a session is told once.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { NodeBench } from "../node-bench.ts";
import { codesOf, home, say } from "../server-bench.ts";

setDefaultTimeout(testTimeoutMs);

const id = "asmith";
/** Longer than a session without a stated interval may be silent. */
const silentMs = 9 * 60_000 + 2_000;

/** Two nodes, at the first of which the device is logged in. */
function twoNodes(isHeld = false): [NodeBench, NodeBench] {
  const a = new NodeBench("a", null, isHeld);
  a.bench.enter(id);
  return [a, new NodeBench("b", a)];
}

/** A node whose next LOGIN is stored without an answer; the device is not logged in. */
function unknownLogin(): NodeBench {
  const a = new NodeBench("a");
  a.bench.enter(id);
  a.bench.ask(say.logoff(id));
  a.isLosing = true;
  expect(a.bench.ask(say.login(id))).toEqual([]);
  a.isLosing = false;
  return a;
}

test("a session that was replaced, ended, or went to another node is dropped", () => {
  for (const act of [say.login(id), say.logoff(id), say.status(id), say.deregister(id)]) {
    const [a, b] = twoNodes();
    b.bench.ask(act);
    expect(a.session(id)).toBeDefined();
    a.look(id);
    expect(a.session(id)).toBeUndefined();
    expect(a.facts.at(-1)).toMatchObject({ kind: "changed", id });
  }
});

test("a session is dropped whose device was registered anew", () => {
  const [a, b] = twoNodes();
  b.bench.ask(say.deregister(id));
  b.bench.ask(say.register(id));
  a.look(id);
  expect(a.session(id)).toBeUndefined();
});

test("a session of a node that is gone, ended by this one, is dropped here, too", () => {
  const [a, b] = twoNodes();
  b.bench.ask(say.status(id));
  // The first node has not heard that the device left; then the second one is gone.
  const row = a.rows.rows.sessionsOf(id)[0]!;
  a.bench.engine.elsewhere.noteEnded([{ ...row, ended: 5, reason: "offline" }], a.bench.moment);
  expect(a.session(id)).toBeUndefined();
  expect(a.offlines(id)).toBe(1);
});

test("what another node did while a LOGIN was under way is looked for again after it", () => {
  const [a, b] = twoNodes(true);
  a.lane.isSlow = true;
  a.bench.receive(say.login(id));
  a.bench.turn();
  // Whichever of both is stored first: the answer may be slower than what the other node tells.
  b.bench.ask(say.login(id));
  a.look(id);
  expect(a.nodes.compared).toEqual([]);
  a.lane.end(0);
  a.bench.turn();
  expect(a.nodes.compared).toEqual([id]);
});

test("what another node did while an end was under way is looked for again if that failed", () => {
  const [a, b] = twoNodes(true);
  a.lane.isSlow = true;
  a.bench.receive(say.logoff(id));
  a.bench.turn();
  b.bench.ask(say.login(id));
  a.look(id);
  expect(a.session(id)).toMatchObject({ ending: true });
  a.lane.end(0, new Error("no"));
  expect(codesOf(a.bench.turn())).toEqual(["95"]);
  expect(a.nodes.compared).toEqual([id]);
  a.look(id);
  expect(a.session(id)).toBeUndefined();
});

test("a session that was opened without an answer is taken up, and ends for silence", () => {
  const a = unknownLogin();
  expect(a.session(id)).toBeUndefined();
  expect(a.nodes.compared).toEqual([id]);
  // It may be stored later, too.
  a.bench.pass(14_000);
  expect(a.nodes.compared).toEqual([id]);
  a.bench.pass(2_000);
  expect(a.nodes.compared).toEqual([id, id]);
  a.look(id);
  expect(a.session(id)).toMatchObject({ row: 2, ending: false });
  expect(a.bench.codes(say.status(id))).toEqual(["40"]);
  a.bench.pass(silentMs);
  expect(a.rows.endsOf(id)).toEqual(["logoff", "offline"]);
});

test("a session that the store has is looked for again if that failed, and not taken up once it is elsewhere", () => {
  const a = unknownLogin();
  const b = new NodeBench("b", a);
  const stored = a.placed(id);
  a.rows.trouble = "no";
  a.look(id);
  expect(a.nodes.compared).toEqual([id, id]);
  a.rows.trouble = null;
  b.bench.ask(say.status(id));
  a.bench.engine.elsewhere.noteChanged(new Map([[id, stored]]), a.bench.moment);
  a.bench.turn();
  expect(a.session(id)).toBeUndefined();
});

test.each(["comparison", "next try"])(
  "an end for silence that was stored without an answer is told once, after the %s",
  (how) => {
    const [a] = twoNodes();
    a.isLosing = true;
    a.bench.pass(silentMs);
    expect(a.rows.endsOf(id)).toEqual(["offline"]);
    expect(a.offlines(id)).toBe(0);
    if (how === "comparison") a.look(id);
    a.isLosing = false;
    a.bench.pass(3_000);
    a.look(id);
    expect(a.offlines(id)).toBe(1);
    expect(a.session(id)).toBeUndefined();
  },
);

test("an end that was not stored is none of the end that another node stored", () => {
  const [a, b] = twoNodes();
  a.rows.trouble = "no";
  a.rows.how = "unknown";
  a.bench.pass(silentMs);
  expect(a.session(id)).toBeDefined();
  a.rows.trouble = null;
  b.bench.pass(silentMs + 5_000);
  b.bench.ask(say.status(id));
  b.bench.ask(say.logoff(id));
  a.bench.pass(3_000);
  expect(a.session(id)).toBeUndefined();
  expect(a.offlines(id)).toBe(0);
});

test("a LOGOFF that was stored without an answer is confirmed when it is repeated", () => {
  const [a] = twoNodes();
  a.isLosing = true;
  expect(a.bench.ask(say.logoff(id))).toEqual([]);
  a.isLosing = false;
  expect(a.bench.codes(say.logoff(id), home)).toEqual(["80"]);
  expect(a.facts.filter(({ kind }) => kind === "ended")).toHaveLength(1);
});
