// QUERY (protocol §4): where a device is, what it reported last, who is logged in; every answer fits into one datagram.

import { expect, setDefaultTimeout, test } from "bun:test";
import { decode } from "../../lib/protocol/decode.ts";
import { datagramBytesMax } from "../../lib/protocol/limits.ts";
import { frameBodyBytesMax } from "../../lib/sealed/limits.ts";
import { codesOf, home2, say, ServerBench } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const other = { ip: "192.0.2.11", port: 1995 };

/** Two devices that are logged in; asmith asks. */
function pair(): ServerBench {
  const bench = new ServerBench();
  bench.enter("asmith");
  bench.enter("bsmith", other);
  return bench;
}

test("01: the ip and port that the LOGIN stated, not the source", () => {
  const bench = pair();
  bench.ask(say.login("bsmith", "password", "2001:db8::1", 7), other);
  const { code, id, time, message } = bench.answer(
    say.query("asmith", "01", "bsmith", "noon"),
    home2,
  );
  expect({ code, id, time, message }).toEqual({
    code: "01",
    id: "asmith",
    time: "noon",
    message: "2001:db8::1\t7",
  });
});

test("01: a device that is not logged in, and an unknown one", () => {
  const bench = pair();
  bench.ask(say.logoff("bsmith"), other);
  expect(bench.answer(say.query("asmith", "01", "bsmith"))).toMatchObject({
    code: "12",
    message: "",
  });
  expect(bench.answer(say.query("asmith", "01", "nobody"))).toMatchObject({
    code: "11",
    message: "",
  });
  expect(bench.answer(say.query("asmith", "01", "*"))).toMatchObject({ code: "11" });
});

test("02: the latest report as it was sent, even after LOGOFF", () => {
  const bench = pair();
  expect(bench.answer(say.query("asmith", "02", "bsmith"))).toMatchObject({
    code: "01",
    message: "",
  });
  bench.ask(say.data("bsmith", "old", "1"), other);
  bench.ask(say.data("bsmith", "line\tone\nline two", "2"), other);
  const message = "2\t07\tline\tone\nline two";
  expect(bench.answer(say.query("asmith", "02", "bsmith"))).toMatchObject({ code: "01", message });
  bench.ask(say.logoff("bsmith"), other);
  expect(bench.answer(say.query("asmith", "02", "bsmith"))).toMatchObject({ code: "01", message });
  expect(bench.answer(say.query("asmith", "02", "nobody"))).toMatchObject({ code: "11" });
});

test("02: a device that never reported, logged in or not", () => {
  const bench = pair();
  bench.ask(say.logoff("bsmith"), other);
  expect(bench.answer(say.query("asmith", "02", "bsmith"))).toMatchObject({
    code: "12",
    message: "",
  });
});

test.each([
  ["one byte", "x"],
  ["two bytes", "é"],
  ["three bytes", "€"],
  ["four bytes", "😀"],
  ["line feeds", "\n"],
])("02: a long report of characters of %s is cut at a character boundary", (_what, character) => {
  const bench = new ServerBench();
  const id = "i".repeat(64);
  bench.enter(id);
  for (const timeLength of [32, 31, 30, 29]) {
    const time = "t".repeat(timeLength);
    const room = datagramBytesMax - Buffer.byteLength(say.data(id, "", time)) - 4;
    const report = character.repeat(Math.floor(room / Buffer.byteLength(character)));
    bench.ask(say.data(id, report, time));
    const [reply] = bench.ask(say.query(id, "02", id, "q".repeat(32)));
    const bytes = Buffer.from(reply?.text ?? "");
    // The same answer has to fit into a frame of the envelope.
    expect(bytes.length).toBeLessThanOrEqual(frameBodyBytesMax);
    expect(bytes.length).toBeGreaterThan(frameBodyBytesMax - 8);
    const decoded = decode(bytes);
    const message = decoded.ok && decoded.message.type === "DATA" ? decoded.message.message : "";
    expect(message).not.toBe("");
    expect(`${time}\t07\t${report}`.startsWith(message)).toBe(true);
  }
});

test("03: 1,000 devices with the longest ids, page by page, in order, each once", () => {
  const bench = new ServerBench();
  const ids = Array.from({ length: 1_000 }, (_, i) => `${i}`.padStart(4, "0").padEnd(64, "-:._"));
  for (const [i, id] of ids.entries())
    bench.enter(id, { ip: `10.0.${i >> 8}.${i & 255}`, port: 1 });
  const asker = { ip: "10.0.0.0", port: 9 };
  const time = "t".repeat(32);
  const seen: string[] = [];
  for (let after = "*", pages = 0; ; pages++) {
    expect(pages).toBeLessThan(100);
    const [reply] = bench.ask(say.query(ids[0] as string, "03", after, time), asker);
    expect(Buffer.byteLength(reply?.text ?? "")).toBeLessThanOrEqual(datagramBytesMax);
    const { message } = bench.answer(say.query(ids[0] as string, "03", after, time), asker);
    if (message === "") break;
    const page = message.split(",");
    seen.push(...page);
    after = page.at(-1) as string;
  }
  expect(seen).toEqual(ids);
});

test("03: after an id that is not in the list, and after the last one", () => {
  const bench = pair();
  const list = (after: string) => bench.answer(say.query("asmith", "03", after)).message;
  expect(list("*")).toBe("asmith,bsmith");
  expect(list("asmith")).toBe("bsmith");
  expect(list("azz")).toBe("bsmith");
  expect(list("A")).toBe("asmith,bsmith");
  expect(list("bsmith")).toBe("");
});

test("03: a session that is ending is no longer listed", () => {
  const bench = pair();
  bench.receive(say.logoff("bsmith"), other);
  bench.receive(say.query("asmith", "03", "*"));
  bench.receive(say.query("asmith", "01", "bsmith"));
  const replies = bench.turn();
  expect(codesOf(replies)).toEqual(["DATA 01", "80", "DATA 12"]);
  expect(replies[0]?.text.endsWith("\tasmith")).toBe(true);
});

test("an unknown code, and a QUERY without a session", () => {
  const bench = pair();
  expect(bench.codes(say.query("asmith", "05", "bsmith"))).toEqual(["62"]);
  expect(bench.codes(say.query("csmith", "01", "bsmith"))).toEqual(["61"]);
  expect(bench.codes(say.query("asmith", "03", "*"), other)).toEqual(["61"]);
});

test("a QUERY is a sign of life", () => {
  const bench = pair();
  bench.ask(say.status("asmith", "every=10"));
  for (let i = 0; i < 4; i++) {
    bench.pass(20_000);
    bench.ask(say.query("asmith", "03", "*"));
  }
  expect(bench.store.endsOf("asmith")).toEqual([null]);
});
