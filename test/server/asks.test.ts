// The operator asks a device: one question at a time per device, repeated, given up; only the device's answer counts.

import { expect, setDefaultTimeout, test } from "bun:test";
import { encode } from "../../lib/protocol/encode.ts";
import type { Query } from "../../lib/protocol/messages.ts";
import type { AskResult } from "../../lib/server/asks.ts";
import { limits } from "../../lib/server/policy.ts";
import { codesOf, home, home2, messageIn, type Reply, say, ServerBench } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const device = { type: "DATA", code: "01", id: "asmith", message: "it is fine" } as const;
const address = { ip: "203.0.113.13", port: 1313 };

/** The questions among the replies. */
function questionsIn(replies: readonly Reply[]): Query[] {
  return replies.map((reply) => messageIn(reply)).filter((message) => message.type === "QUERY");
}

function reportTimes(bench: ServerBench): string[] {
  return [...bench.store.reports.values()].map(({ time }) => time);
}

function entered(): ServerBench {
  const bench = new ServerBench();
  bench.enter("asmith");
  return bench;
}

test("an unknown device and one that is not logged in are reported once the store was asked", () => {
  const bench = ServerBench.with("asmith");
  const results: AskResult[] = [];
  bench.question("asmith", "01", results);
  bench.question("nobody", "01", results);
  expect(results).toEqual([]);
  expect(bench.turn()).toEqual([]);
  expect(results).toEqual([{ kind: "not-logged-in" }, { kind: "unknown" }]);
  bench.store.trouble = "disk full";
  bench.question("asmith", "01", results);
  bench.turn();
  expect(results[2]).toEqual({ kind: "busy" });
});

test("the question goes to the port of the LOGIN at the source IP", () => {
  const bench = entered();
  bench.ask(say.login("asmith", "password", home.ip, 5555));
  bench.ask(say.status("asmith"), home2);
  bench.question("asmith", "42", []);
  const [reply] = bench.turn();
  expect(reply?.to).toEqual({ ip: home.ip, port: 5555 });
  expect(messageIn(reply as Reply)).toMatchObject({ id: "server", code: "42", target: "asmith" });
});

test("where the LOGIN states another ip, the question goes to the address of the last packet", () => {
  const bench = entered();
  bench.ask(say.login("asmith", "password", address.ip, address.port));
  bench.ask(say.status("asmith"), home2);
  bench.question("asmith", "42", []);
  expect(bench.turn().map(({ to }) => to)).toEqual([home2]);
});

test.each([
  ["plain", null],
  ["addressed", address],
])("a %s DATA with the time of the question is the answer, once it is stored", (_form, at) => {
  const bench = entered();
  const results: AskResult[] = [];
  bench.question("asmith", "01", results);
  const [{ time } = { time: "" }] = questionsIn(bench.turn());
  bench.receive(encode({ ...device, address: at, time }));
  expect(results).toEqual([]);
  expect(codesOf(bench.turn())).toEqual(["50"]);
  expect(results).toEqual([{ kind: "answer", code: "01", time, message: "it is fine" }]);
  expect(bench.pass(10_000)).toEqual([]);
});

test("a plain report with another time is no answer; an addressed one is, if it is new", () => {
  const bench = entered();
  const results: AskResult[] = [];
  bench.ask(encode({ ...device, address, time: "before" }));
  bench.question("asmith", "01", results);
  bench.turn();
  bench.ask(encode({ ...device, address: null, time: "noon" }));
  bench.ask(encode({ ...device, address, time: "before" }));
  expect(results).toEqual([]);
  bench.ask(encode({ ...device, address, time: "now" }));
  expect(results).toMatchObject([{ kind: "answer", time: "now" }]);
  expect(reportTimes(bench)).toEqual(["before", "noon"]);
});

test.each([
  ["plain, with the question's time", null, ""],
  ["addressed, with the question's time", address, ""],
  ["addressed, with a time of its own", address, "0"],
])("an answer is stored with its question and is no report: %s", (_form, at, ownTime) => {
  const bench = entered();
  const results: AskResult[] = [];
  bench.ask(say.data("asmith", "21.5", "report"));
  bench.question("asmith", "42", results);
  const [{ time: asked } = { time: "" }] = questionsIn(bench.turn());
  const time = ownTime === "" ? asked : ownTime;
  const answer = encode({ ...device, address: at, time });
  expect(bench.codes(answer)).toEqual(["50"]);
  expect(results).toMatchObject([{ kind: "answer", message: "it is fine" }]);
  // A repeat gets 50 again, also after a restart and a new LOGIN, and is neither a second answer nor a report.
  expect(bench.codes(answer)).toEqual(["50"]);
  bench.restart();
  expect(bench.codes(answer)).toEqual(["50"]);
  bench.ask(say.login("asmith"));
  expect(bench.codes(answer)).toEqual(["50"]);
  expect(bench.store.questions).toMatchObject([
    { device: "asmith", code: "42", by: "cli", answer: { time, message: "it is fine" } },
  ]);
  expect(reportTimes(bench)).toEqual(["report"]);
  expect(bench.answer(say.query("asmith", "02", "asmith")).message).toBe("report\t07\t21.5");
});

test("a late answer is stored with its question, also after a restart, and ends no other question", () => {
  const bench = entered();
  const results: AskResult[] = [];
  bench.question("asmith", "01", results);
  const [{ time } = { time: "" }] = questionsIn(bench.turn());
  bench.pass(limits.askTimeoutMs);
  bench.restart();
  bench.question("asmith", "02", results);
  bench.turn();
  expect(bench.codes(encode({ ...device, address, time }))).toEqual(["50"]);
  expect(results).toEqual([{ kind: "no-answer" }]);
  expect(bench.store.questions.map(({ code, answer }) => [code, answer?.message])).toEqual([
    ["02", undefined],
    ["01", "it is fine"],
  ]);
  expect(reportTimes(bench)).toEqual([]);
});

test("an addressed DATA with an unknown time is a late answer for a minute, then a report", () => {
  const bench = entered();
  bench.question("asmith", "01", []);
  bench.turn();
  bench.pass(limits.askTimeoutMs);
  bench.ask(encode({ ...device, address, time: "late" }));
  bench.wait(60_000);
  bench.ask(encode({ ...device, address, time: "later" }));
  expect(bench.store.questions.map(({ answer }) => answer?.time)).toEqual(["late"]);
  expect(reportTimes(bench)).toEqual(["later"]);
});

test("a late answer finds its question also if a waiting one ended after it, unsent", () => {
  const bench = entered();
  bench.question("asmith", "01", []);
  bench.question("asmith", "02", []);
  bench.turn();
  bench.ask(say.logoff("asmith"));
  bench.ask(say.login("asmith"));
  bench.ask(encode({ ...device, address, time: "late" }));
  expect(bench.store.questions.map(({ code, answer }) => [code, answer?.time])).toEqual([
    ["01", "late"],
  ]);
});

test("addressed reports after an answer are reports: only a question that was given up waits for a late answer", () => {
  const bench = entered();
  bench.question("asmith", "01", []);
  bench.turn();
  for (const time of ["one", "two", "three"]) {
    expect(bench.codes(encode({ ...device, address, time }))).toEqual(["50"]);
  }
  expect(bench.store.questions.map(({ answer }) => answer?.time)).toEqual(["one"]);
  expect(reportTimes(bench)).toEqual(["two", "three"]);
});

test("two different answers to one question are both kept: both were acknowledged", () => {
  const bench = entered();
  bench.question("asmith", "01", []);
  const [{ time } = { time: "" }] = questionsIn(bench.turn());
  for (const message of ["one", "two", "one"]) {
    expect(bench.codes(encode({ ...device, address: null, time, message }))).toEqual(["50"]);
  }
  expect(bench.store.questions.map(({ answer }) => answer?.message)).toEqual(["two", "one"]);
  expect(reportTimes(bench)).toEqual([]);
});

test("a question that cannot be stored is not sent", () => {
  const bench = entered();
  const results: AskResult[] = [];
  bench.store.trouble = "disk full";
  bench.question("asmith", "01", results);
  expect(bench.turn()).toEqual([]);
  expect(results).toEqual([{ kind: "busy" }]);
  expect(bench.engine.desk.asks.size).toBe(0);
});

test("neither another device nor a datagram from elsewhere can answer for the device", () => {
  const bench = entered();
  bench.enter("bsmith", { ip: "192.0.2.11", port: 1 });
  const results: AskResult[] = [];
  bench.question("asmith", "01", results);
  const [{ time } = { time: "" }] = questionsIn(bench.turn());
  const there = { ip: "192.0.2.11", port: 1 };
  expect(bench.codes(encode({ ...device, id: "bsmith", address, time }), there)).toEqual(["50"]);
  expect(bench.codes(encode({ ...device, address, time }), there)).toEqual(["51"]);
  expect(results).toEqual([]);
  // The time of a question to another device makes no answer.
  expect([...bench.store.reports.values()].map(({ device: from }) => from)).toEqual(["bsmith"]);
});

test("a question is repeated every 2 s, byte for byte, and given up after 8 s", () => {
  const bench = entered();
  const results: AskResult[] = [];
  bench.question("asmith", "01", results);
  const sent = bench.turn();
  const start = bench.monotonic;
  sent.push(...bench.pass(7_750));
  expect(results).toEqual([]);
  sent.push(...bench.pass(250));
  expect(bench.monotonic - start).toBe(limits.askTimeoutMs);
  expect(results).toEqual([{ kind: "no-answer" }]);
  expect(sent).toHaveLength(4);
  expect(new Set(sent.map(({ text }) => text)).size).toBe(1);
  expect(bench.pass(20_000)).toEqual([]);
});

test.each([-86_400_000, 86_400_000])(
  "a question ends 8 s after it was sent, even if the wall clock is set by %d ms meanwhile; the next one is sent then",
  (stepMs) => {
    const bench = entered();
    const results: AskResult[] = [];
    bench.question("asmith", "01", results);
    bench.question("asmith", "02", results);
    bench.turn();
    bench.wall += stepMs;
    const sent = bench.pass(7_750);
    expect(results).toEqual([]);
    sent.push(...bench.pass(250));
    expect(results).toEqual([{ kind: "no-answer" }]);
    expect(questionsIn(sent).map(({ code }) => code)).toEqual(["01", "01", "01", "02"]);
  },
);

test("questions to one device go out one after the other, to two devices at the same time", () => {
  const bench = entered();
  bench.enter("bsmith", { ip: "192.0.2.11", port: 1 });
  const results: AskResult[] = [];
  for (const code of ["01", "02", "03"]) bench.question("asmith", code, results);
  bench.question("bsmith", "04", results);
  const first = questionsIn(bench.turn());
  expect(first.map(({ code }) => code)).toEqual(["01", "04"]);
  bench.ask(encode({ ...device, address, time: first[0]?.time ?? "", message: "to 01" }));
  const second = questionsIn(bench.pass(250));
  expect(second.map(({ code }) => code)).toEqual(["02"]);
  bench.ask(encode({ ...device, address, time: second[0]?.time ?? "", message: "to 02" }));
  expect(questionsIn(bench.pass(250)).map(({ code }) => code)).toEqual(["03"]);
  expect(results).toMatchObject([{ message: "to 01" }, { message: "to 02" }]);
});

test("no two questions carry the same time, even within one millisecond", () => {
  const bench = new ServerBench();
  const times: string[] = [];
  for (let i = 0; i < 50; i++) bench.enter(`d${i}`, { ip: `192.0.2.${i}`, port: 1 });
  for (let i = 0; i < 50; i++) bench.question(`d${i}`, "01", []);
  times.push(...questionsIn(bench.turn()).map(({ time }) => time));
  expect(new Set(times).size).toBe(50);
});

test.each([
  ["logs off", (bench: ServerBench) => bench.ask(say.logoff("asmith"))],
  ["is deregistered", (bench: ServerBench) => bench.ask(say.deregister("asmith"))],
  ["falls silent", (bench: ServerBench) => bench.pass(5_000)],
])("a device that %s ends its open questions", (_what, leave) => {
  const bench = entered();
  bench.ask(say.status("asmith", "every=1"));
  const results: AskResult[] = [];
  bench.question("asmith", "01", results);
  bench.question("asmith", "02", results);
  bench.turn();
  leave(bench);
  expect(results).toEqual([{ kind: "not-logged-in" }, { kind: "not-logged-in" }]);
  expect(bench.engine.desk.asks.size).toBe(0);
});

test("a device that logs in again is asked at its new address", () => {
  const bench = entered();
  const results: AskResult[] = [];
  bench.question("asmith", "01", results);
  bench.turn();
  const there = { ip: "192.0.2.44", port: 4444 };
  bench.ask(say.login("asmith", "password", there.ip, there.port), there);
  expect(bench.pass(2_250).map(({ to }) => to)).toEqual([there]);
});

test("the number of waiting questions is bounded, and answered ones make room", () => {
  const bench = entered();
  const results: AskResult[] = [];
  for (let i = 0; i < limits.asks + 3; i++) bench.question("asmith", "01", results);
  expect(results).toEqual([{ kind: "busy" }, { kind: "busy" }, { kind: "busy" }]);
  bench.ask(say.logoff("asmith"));
  expect(results).toHaveLength(limits.asks + 3);
  expect(bench.engine.desk.asks.size).toBe(0);
});
