// Commands with several nodes: one that is queued or cancelled at a node reaches the device at another, and a device that moves
// takes its queue along.

import { expect, setDefaultTimeout, test } from "bun:test";
import { encode } from "../../../lib/protocol/encode.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { NodeBench } from "../node-bench.ts";
import { say } from "../server-bench.ts";

setDefaultTimeout(testTimeoutMs);

const id = "asmith";

/** Two nodes, at the first of which the device is logged in. */
function twoNodes(): [NodeBench, NodeBench] {
  const a = new NodeBench("a");
  a.bench.enter(id);
  return [a, new NodeBench("b", a)];
}

const commandsIn = (sent: readonly { text: string }[]) =>
  sent
    .filter(({ text }) => text.startsWith("STATUS\t10\tserver"))
    .map(({ text }) => text.split("\t")[3]);
const result = (number: number) =>
  encode({ type: "DATA", code: "01", id, address: null, time: `#${number}`, message: "r" });

test("one that is queued elsewhere is sent when this node hears of it", () => {
  const [a, b] = twoNodes();
  expect(b.bench.order(id, "on").replies).toEqual([]);
  expect(b.facts.filter(({ kind }) => kind === "commanded")).toHaveLength(1);
  expect(commandsIn(a.bench.ask(say.status(id)))).toEqual([]);
  const { engine, moment } = a.bench;
  engine.elsewhere.noteChanged(new Map([[id, a.placed(id)]]), moment);
  // The list of open commands of this node learns of it, too.
  expect(a.facts).toContainEqual({ kind: "commands", id, numbers: "1" });
  expect(commandsIn(a.bench.turn())).toEqual(["#1"]);
  a.look(id);
  expect(commandsIn(a.bench.ask(say.status(id)))).toEqual([]);
  a.bench.ask(result(1));
  expect(a.rows.reads.command(1)).toMatchObject({ end: "done" });
});

test("one that is cancelled elsewhere is not sent any more", () => {
  const [a, b] = twoNodes();
  a.bench.order(id, "on");
  b.bench.engine.commands.cancelAll(id, () => {}, b.bench.moment);
  b.bench.turn();
  a.look(id);
  a.bench.turn();
  expect(commandsIn(a.bench.pass(20_000))).toEqual([]);
  a.bench.ask(result(1));
  expect(a.rows.reads.command(1)).toMatchObject({ end: "cancelled", late: true });
});

test("a device that moves takes its queue along, and the node that it left sends nothing", () => {
  const [a, b] = twoNodes();
  a.bench.order(id, "one");
  a.bench.order(id, "two");
  expect(commandsIn(b.bench.ask(say.status(id)))).toEqual(["#1"]);
  a.look(id);
  expect(commandsIn(a.bench.pass(20_000))).toEqual([]);
  expect(commandsIn(b.bench.ask(result(1)))).toEqual(["#2"]);
  b.bench.ask(result(2));
  expect(a.rows.openCommands().open).toEqual([]);
});

test("a result that comes at the node that the device has left is stored where it is", () => {
  const [a, b] = twoNodes();
  a.bench.order(id, "one");
  b.bench.ask(say.status(id));
  // This node has not heard that the device left: it takes it up again.
  expect(a.bench.codes(result(1))).toEqual(["50"]);
  expect(a.rows.reads.command(1)).toMatchObject({ end: "done" });
  expect(a.rows.reports.size).toBe(0);
});

test("what is too late ends once, whichever node finds it", () => {
  const [a, b] = twoNodes();
  a.bench.ask(say.logoff(id));
  a.bench.order(id, "on", 60_000);
  for (let i = 0; i < 80; i++) {
    a.bench.pass(1_000);
    b.bench.pass(1_000);
  }
  expect(a.rows.reads.command(1)).toMatchObject({ end: "expired" });
  const ends = [...a.facts, ...b.facts].filter(
    (fact) => fact.kind === "commanded" && fact.command.end === "expired",
  );
  expect(ends).toHaveLength(1);
});
