// A command on its way: when it is sent and to which address, its ACK, its result, and what a repeat of them changes.

import { expect, setDefaultTimeout, test } from "bun:test";
import { commandStatus } from "../../../lib/protocol/commands.ts";
import { encode, encodeAck } from "../../../lib/protocol/encode.ts";
import { digestOf } from "../../../lib/protocol/digest.ts";
import type { Fact } from "../../../lib/server/feed.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { home, home2, say, ServerBench, stranger } from "../server-bench.ts";

setDefaultTimeout(testTimeoutMs);

const id = "asmith";
const other = { ip: "192.0.2.11", port: 1994 };

function loggedIn(): ServerBench {
  const bench = new ServerBench();
  bench.enter(id);
  return bench;
}

const status = (number: number, message = "on") => encode(commandStatus(number, message));
const acked = (text: string) => encodeAck("40", "server", "1", digestOf(Buffer.from(text)));
const result = (number: number, message = "relay on", code = "01") =>
  encode({ type: "DATA", code, id, address: null, time: `#${number}`, message });

/** The commands in what was sent. */
const commandsIn = (sent: readonly { text: string }[]) =>
  sent.map(({ text }) => text).filter((text) => text.startsWith("STATUS\t10\tserver\t#"));

const rowOf = (bench: ServerBench, number: number) => bench.store.reads.command(number);

test("it is sent at once, then 2, 4 and 6 s later, and not before the next packet", () => {
  const bench = loggedIn();
  const { result: queued, replies } = bench.order(id, "on");
  expect(queued).toMatchObject({ kind: "queued", command: { number: 1, device: id } });
  expect(replies).toEqual([{ text: status(1), to: home }]);
  for (const _ of [2, 4, 6]) {
    expect(commandsIn(bench.pass(1_750))).toEqual([]);
    expect(commandsIn(bench.pass(250))).toEqual([status(1)]);
  }
  expect(commandsIn(bench.pass(60_000))).toEqual([]);
  expect(commandsIn(bench.ask(say.status(id)))).toEqual([status(1)]);
  // Within 8 s no packet begins a new round.
  bench.wait(1_000);
  expect(commandsIn(bench.ask(say.status(id)))).toEqual([]);
  bench.pass(7_000);
  expect(commandsIn(bench.ask(say.status(id)))).toEqual([status(1)]);
});

test("it follows the answer of each kind of packet, to the address of the LOGIN", () => {
  const bench = loggedIn();
  bench.order(id, "on");
  const packets = [
    [say.status(id), "ACK"],
    [say.data(id, "21.5", "5"), "ACK"],
    [say.query(id, "01", id), "DATA"],
    [say.query(id, "02", id), "DATA"],
    [say.login(id), "ACK"],
  ] as const;
  for (const [text, answer] of packets) {
    bench.pass(10_000);
    const replies = bench.ask(text, home2);
    expect(replies.map((reply) => reply.text.split("\t")[0])).toEqual([answer, "STATUS"]);
    // Another port asks; the device listens at that of its LOGIN.
    expect(replies.map(({ to }) => to.port)).toEqual([home2.port, home.port]);
  }
});

test("ACK 40 ends the sending, and a result ends the command; repeats change nothing", () => {
  const bench = loggedIn();
  bench.order(id, "on");
  expect(bench.ask(acked(status(1)))).toEqual([]);
  expect(commandsIn(bench.pass(20_000))).toEqual([]);
  expect(bench.codes(result(1))).toEqual(["50"]);
  const done = rowOf(bench, 1);
  expect(done).toMatchObject({
    end: "done",
    code: "01",
    result: "relay on",
    sendings: 1,
    late: false,
  });
  expect([done?.sent, done?.delivered, done?.ended].includes(null)).toBe(false);
  expect(bench.codes(result(1))).toEqual(["50"]);
  expect(bench.codes(result(1, "another", "15"))).toEqual(["50"]);
  expect(rowOf(bench, 1)).toEqual(done);
  bench.pass(20_000);
  expect(commandsIn(bench.ask(say.status(id)))).toEqual([]);
  expect(bench.store.reports.size).toBe(0);
});

test("the same after a restart of the server, with the same bytes", () => {
  const bench = loggedIn();
  bench.order(id, "on");
  bench.restart();
  expect(commandsIn(bench.ask(say.status(id)))).toEqual([status(1)]);
  bench.ask(acked(status(1)));
  bench.pass(11_000);
  expect(rowOf(bench, 1)?.delivered).not.toBeNull();
  bench.restart();
  expect(bench.codes(result(1, "no", "15"))).toEqual(["50"]);
  expect(rowOf(bench, 1)).toMatchObject({ end: "failed", code: "15", result: "no" });
});

test("an answer before the ACK says that the device has it", () => {
  const bench = loggedIn();
  bench.order(id, "on");
  bench.ask(result(1, "?", "16"));
  expect(rowOf(bench, 1)).toMatchObject({ end: "failed", code: "16", delivered: bench.wall });
});

test("the next one goes out when the one before has ended, or 30 s after its ACK", () => {
  const bench = loggedIn();
  bench.order(id, "one");
  expect(bench.order(id, "two").replies).toEqual([]);
  bench.order(id, "three");
  bench.ask(acked(status(1, "one")));
  const next = bench.ask(result(1));
  expect(next.map(({ text }) => text.split("\t")[0])).toEqual(["ACK", "STATUS"]);
  expect(commandsIn(next)).toEqual([status(2, "two")]);
  bench.ask(acked(status(2, "two")));
  expect(commandsIn(bench.pass(29_750))).toEqual([]);
  expect(commandsIn(bench.pass(500))).toEqual([status(3, "three")]);
  // The device has restarted: what it has not answered is sent again.
  bench.ask(acked(status(3, "three")));
  bench.pass(40_000);
  expect(commandsIn(bench.ask(say.status(id)))).toEqual([]);
  expect(commandsIn(bench.ask(say.login(id)))).toEqual([status(2, "two")]);
});

test("a DATA of no command, or of another device's, is an ordinary report", () => {
  const bench = loggedIn();
  bench.ask(say.register("bsmith", other.ip), other);
  bench.ask(say.login("bsmith", "password", other.ip), other);
  bench.order("bsmith", "on");
  for (const text of [result(1), result(77), result(78)]) expect(bench.codes(text)).toEqual(["50"]);
  expect([...bench.store.reports.values()].map(({ time }) => time)).toEqual(["#1", "#77", "#78"]);
  expect(rowOf(bench, 1)).toMatchObject({ ended: null });
  bench.ask(result(77));
  expect(bench.store.reports.size).toBe(3);
});

test("ACKs of strangers, with other codes or of nothing are ignored", () => {
  const bench = loggedIn();
  bench.order(id, "on");
  for (const [text, from] of [
    [acked(status(1)), stranger],
    [acked(status(2)), home],
    [acked(status(1)).replace("ACK\t40", "ACK\t50"), home],
  ] as const) {
    expect(bench.ask(text, from)).toEqual([]);
    expect(bench.engine.desk.commands.find(id, 1)?.delivered).toBeNull();
  }
  expect(bench.codes(result(1), stranger)).toEqual(["51"]);
  expect(rowOf(bench, 1)).toMatchObject({ ended: null });
});

test("QUERY 04 gives it, also once it is acknowledged, and it is not sent besides", () => {
  const bench = loggedIn();
  expect(bench.answer(say.query(id, "04", id)).message).toBe("");
  bench.ask(say.logoff(id));
  bench.order(id, "set relay=on");
  bench.ask(say.login(id));
  bench.pass(60_000);
  for (const _ of [1, 2]) {
    const reply = bench.answer(say.query(id, "04", id));
    expect(reply).toMatchObject({ code: "01", message: "#1\t10\tset relay=on" });
    expect(commandsIn(bench.pass(1_000))).toEqual([]);
    bench.ask(acked(status(1, "set relay=on")));
  }
  expect(bench.answer(say.query(id, "04", "bsmith"))).toMatchObject({ code: "11", message: "" });
  bench.ask(result(1));
  expect(bench.answer(say.query(id, "04", id)).message).toBe("");
  expect(rowOf(bench, 1)).toMatchObject({ end: "done", sendings: 6 });
});

test("nothing is sent to a device that has logged off, or before it is on the disk", () => {
  const bench = loggedIn();
  bench.store.trouble = "disk full";
  expect(bench.order(id, "on")).toEqual({ result: { kind: "storage-failed" }, replies: [] });
  bench.store.trouble = null;
  bench.ask(say.logoff(id));
  expect(bench.order(id, "on").replies).toEqual([]);
  expect(commandsIn(bench.pass(20_000))).toEqual([]);
  expect(bench.ask(say.login(id)).map(({ text }) => text.split("\t")[0])).toEqual([
    "ACK",
    "STATUS",
  ]);
});

test("a result that could not be stored gets 95, and its repeat is stored", () => {
  const bench = loggedIn();
  bench.order(id, "on");
  bench.store.trouble = "disk full";
  expect(bench.codes(result(1))).toEqual(["95"]);
  bench.store.trouble = null;
  expect(bench.codes(result(1))).toEqual(["50"]);
  expect(rowOf(bench, 1)).toMatchObject({ end: "done" });
});

test("each change is told once, as the row is then", () => {
  const bench = loggedIn();
  const facts: Fact[] = [];
  bench.engine.feed.subscribe((some) => facts.push(...some));
  bench.order(id, "on");
  bench.ask(acked(status(1)));
  bench.ask(acked(status(1)));
  bench.ask(result(1));
  bench.ask(result(1));
  bench.ask(say.data(id, "x"));
  const told = facts.flatMap((fact) => (fact.kind === "commanded" ? [fact.command] : []));
  expect(told.map(({ sendings, delivered, end }) => [sendings, delivered !== null, end])).toEqual([
    [0, false, null],
    [1, false, null],
    [1, true, null],
    [1, true, "done"],
  ]);
});
