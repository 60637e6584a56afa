// The feed: facts of what is on the disk, in order, after the replies; nothing of what was refused, repeated or rolled
// back.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Fact } from "../../lib/server/feed.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { home, say, ServerBench, stranger } from "./server-bench.ts";

setDefaultTimeout(testTimeoutMs);

/** A bench with what its feed tells, in short. */
function listened(withReports: boolean) {
  const bench = new ServerBench();
  const told: Fact[] = [];
  const end = bench.engine.feed.subscribe((facts) => void told.push(...facts), withReports);
  return { bench, told, end };
}

test("a device's life, in facts", () => {
  const { bench, told } = listened(true);
  bench.enter("asmith");
  bench.ask(say.register("asmith", home.ip, 1995));
  bench.wait(5_000);
  bench.ask(say.data("asmith", "21"));
  bench.wait(5_000);
  bench.ask(say.logoff("asmith"));
  bench.ask(say.deregister("asmith"));
  const at = bench.wall;
  expect(told).toEqual([
    { kind: "registered", id: "asmith", at: at - 10_000 },
    { kind: "logged-in", id: "asmith", session: 1, at: at - 10_000 },
    { kind: "updated", id: "asmith", at: at - 10_000 },
    {
      kind: "reported",
      sequences: [expect.any(Number)],
      reports: [expect.objectContaining({ device: "asmith", message: "21" })],
    },
    { kind: "ended", id: "asmith", session: 1, reason: "logoff", lastSeen: at - 5_000, at },
    { kind: "removed", id: "asmith", at },
  ]);
});

test("nothing is told of what was refused, of a repeat, and of a batch that could not be stored", () => {
  const { bench, told } = listened(true);
  bench.enter("asmith");
  bench.ask(say.data("asmith", "21"));
  told.length = 0;
  bench.ask(say.data("asmith", "21"));
  bench.ask(say.register("asmith"));
  bench.ask(say.register("bsmith"));
  bench.ask(say.login("asmith", "wrong"), stranger);
  bench.store.trouble = "the disk is full";
  bench.ask(say.data("asmith", "22"));
  expect(told).toEqual([]);
});

test("an answer to a question is told as such, once", () => {
  const { bench, told } = listened(true);
  bench.enter("asmith");
  told.length = 0;
  bench.question("asmith", "01", []);
  const [asked] = bench.turn();
  const time = asked?.text.split("\t")[5] as string;
  for (let i = 0; i < 2; i++) bench.ask(say.data("asmith", "fine", time));
  expect(told).toEqual([
    {
      kind: "answered",
      question: expect.any(Number),
      report: expect.objectContaining({ device: "asmith", message: "fine" }),
    },
  ]);
});

test("reports come only to those who ask for them, and nothing after the end of a subscription", () => {
  const { bench, told, end } = listened(false);
  const all: Fact[] = [];
  bench.engine.feed.subscribe((facts) => void all.push(...facts), true);
  bench.enter("asmith");
  bench.ask(say.data("asmith", "21"));
  expect(told.map(({ kind }) => kind)).toEqual(["registered", "logged-in"]);
  expect(all.map(({ kind }) => kind)).toEqual(["registered", "logged-in", "reported"]);
  end();
  bench.ask(say.logoff("asmith"));
  expect(told).toHaveLength(2);
  expect(all.at(-1)).toMatchObject({ kind: "ended" });
});

test("the replies are sent before anybody is told: a slow subscriber delays no ACK", () => {
  const { bench, told } = listened(false);
  bench.receive(say.register("asmith"));
  bench.turn();
  bench.hash();
  let repliesBefore = -1;
  bench.engine.feed.subscribe(() => {
    repliesBefore = bench.sent;
  });
  const before = bench.sent;
  bench.turn();
  expect(told).toHaveLength(1);
  expect(repliesBefore).toBe(before + 1);
});

test("reports that follow each other are one fact, and keep their place among the others", () => {
  const { bench, told } = listened(true);
  const { feed } = bench.engine;
  const report = (message: string) =>
    ({ device: "a", time: "", received: 1, at: 1, code: "01", message }) as const;
  feed.tellReport(1, report("1"));
  feed.tellReport(2, report("2"));
  feed.tell({ kind: "window", isOpen: true, at: 1 });
  feed.tellReport(3, report("3"));
  feed.publish();
  feed.tellReport(4, report("4"));
  feed.publish();
  expect(told).toEqual([
    { kind: "reported", reports: [report("1"), report("2")], sequences: [1, 2] },
    { kind: "window", isOpen: true, at: 1 },
    { kind: "reported", reports: [report("3")], sequences: [3] },
    { kind: "reported", reports: [report("4")], sequences: [4] },
  ]);
});
