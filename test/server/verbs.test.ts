// Each request of protocol §4: its answer and its effect.

import { expect, setDefaultTimeout, test } from "bun:test";
import { codesOf, home, home2, messageIn, say, ServerBench, stranger } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("REGISTER: the first row of the table that fits", () => {
  const bench = new ServerBench();
  expect(bench.codes(say.register("asmith"))).toEqual(["00"]);
  expect(bench.codes(say.register("asmith"))).toEqual(["01"]);
  expect(bench.codes(say.register("asmith", home.ip, 1994, "wrong"))).toEqual(["01"]);
  expect(bench.codes(say.register("asmith", home.ip, 1994, "password", "other"))).toEqual(["11"]);
  expect(bench.codes(say.register("asmith", home.ip, 1995, "wrong"))).toEqual(["31"]);
  expect(bench.codes(say.register("asmith", home.ip, 1995))).toEqual(["02"]);
  expect(bench.codes(say.register("bsmith"))).toEqual(["12"]);
  expect(bench.codes(say.register("bsmith", "192.0.2.11", 1, "x", "MAC-ASMITH"))).toEqual(["13"]);
  expect(bench.codes(say.register("bsmith", "192.0.2.11"))).toEqual(["00"]);
  expect(bench.codes(say.register("asmith", "192.0.2.11"))).toEqual(["12"]);
  expect([...bench.store.devices.keys()]).toEqual(["asmith", "bsmith"]);
  expect(bench.store.devices.get("asmith")?.port).toBe(1995);
});

test("REGISTER: the log names who has what was asked for; the answer does not", () => {
  const bench = new ServerBench();
  bench.ask(say.register("asmith"));
  const replies = [
    say.register("asmith", home.ip, 1994, "password", "other"),
    say.register("bsmith"),
    say.register("bsmith", "192.0.2.11", 1, "x", "MAC-ASMITH"),
  ].flatMap((text) => bench.ask(text));
  expect(bench.errors).toEqual([
    expect.stringContaining("(other MAC): its MAC is mac-asmith"),
    expect.stringContaining("refused: 12 the IP belongs to another device: asmith"),
    expect.stringContaining("refused: 13 the MAC belongs to another device: asmith"),
  ]);
  expect(replies.filter(({ text }) => /mac-asmith|bsmith.*asmith/.test(text))).toEqual([]);
});

test("REGISTER: a password is hashed only for a device that will be stored", () => {
  const bench = new ServerBench();
  bench.ask(say.register("asmith"));
  for (const text of [say.register("asmith"), say.register("bsmith")]) {
    bench.receive(text);
    bench.turn();
    expect(bench.jobs).toEqual([]);
  }
});

test("REGISTER: two at once for one id store one device", () => {
  const bench = new ServerBench();
  bench.receive(say.register("asmith", home.ip, 1994, "one"));
  bench.receive(say.register("asmith", home.ip, 1994, "two"));
  bench.turn();
  bench.hash();
  const codes = bench.turn().map((reply) => messageIn(reply));
  expect(codes).toMatchObject([{ code: "00" }, { code: "01" }]);
  expect(bench.store.devices.get("asmith")?.hash).toBe("hash of one");
});

test("DEREGISTER: unknown, wrong password, another MAC or IP, done", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  expect(bench.codes(say.deregister("bsmith"))).toEqual(["21"]);
  expect(bench.codes(say.deregister("asmith", home.ip, "wrong"))).toEqual(["31"]);
  expect(bench.codes(say.deregister("asmith", "192.0.2.99"))).toEqual(["30"]);
  expect(bench.codes(say.deregister("asmith", home.ip, "password", "other"))).toEqual(["30"]);
  expect(bench.codes(say.status("asmith"))).toEqual(["40"]);
  expect(bench.codes(say.deregister("asmith"))).toEqual(["20"]);
  expect(bench.codes(say.status("asmith"))).toEqual(["41"]);
  expect(bench.store.endsOf("asmith")).toEqual(["deregistered"]);
  expect(bench.codes(say.deregister("asmith"))).toEqual(["21"]);
});

test("LOGIN: unknown ids and wrong passwords take the same path; the right one begins a session, repeatedly too", () => {
  const bench = new ServerBench();
  bench.ask(say.register("asmith"));
  for (const text of [say.login("nobody"), say.login("asmith", "wrong")]) {
    bench.receive(text);
    expect(bench.turn()).toEqual([]);
    expect(bench.jobs).toHaveLength(1);
    bench.hash();
    expect(bench.turn().map((reply) => messageIn(reply))).toMatchObject([{ code: "31" }]);
  }
  expect(bench.store.sessions.size).toBe(0);
  expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
  expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
  expect(bench.store.endsOf("asmith")).toEqual(["replaced", null]);
});

test("LOGIN from another host moves the session there", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  expect(bench.codes(say.login("asmith"), stranger)).toEqual(["70"]);
  expect(bench.codes(say.status("asmith"), home)).toEqual(["41"]);
  expect(bench.codes(say.status("asmith"), stranger)).toEqual(["40"]);
});

test("LOGOFF ends the session once", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  expect(bench.codes(say.logoff("asmith"), stranger)).toEqual(["31"]);
  expect(bench.codes(say.logoff("asmith"), home2)).toEqual(["80"]);
  expect(bench.codes(say.logoff("asmith"))).toEqual(["31"]);
  expect(bench.store.endsOf("asmith")).toEqual(["logoff"]);
});

test("DATA is stored once, a repeat is acknowledged, another reading is another report", () => {
  const bench = new ServerBench();
  expect(bench.codes(say.data("asmith", "early"))).toEqual(["51"]);
  bench.enter("asmith");
  expect(bench.codes(say.data("asmith", "21"))).toEqual(["50"]);
  expect(bench.codes(say.data("asmith", "21"), home2)).toEqual(["50"]);
  bench.restart();
  expect(bench.codes(say.data("asmith", "21"))).toEqual(["50"]);
  expect(bench.codes(say.data("asmith", "22"))).toEqual(["50"]);
  const stored = [...bench.store.reports.values()].map(({ message }) => message);
  expect(stored).toEqual(["21", "22"]);
});

test.each([
  ["STATUS", say.status("asmith"), "40", "41"],
  ["DATA", say.data("asmith", "x"), "50", "51"],
  ["QUERY", say.query("asmith", "05", "asmith"), "62", "61"],
  ["LOGOFF", say.logoff("asmith"), "80", "31"],
])("%s is accepted from the source IP of the session, from any port", (_verb, text, yes, no) => {
  const bench = new ServerBench();
  expect(bench.codes(text)).toEqual([no]);
  bench.enter("asmith");
  expect(bench.codes(text, stranger)).toEqual([no]);
  expect(bench.store.reports.size).toBe(0);
  expect(bench.codes(text, home2)).toEqual([yes]);
});

test("an answer goes to the source of its request, with the hash of its bytes", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  const text = `${say.status("asmith")}\r\n`;
  const [reply] = bench.ask(text, home2);
  expect(reply?.to).toEqual(home2);
  const hash = Bun.SHA256.hash(text, "hex");
  expect(reply?.text).toBe(`ACK\t40\tasmith\t2026-11-22:09:00:00\t${hash}`);
});

test("an ACK is never answered, whatever it says", () => {
  const bench = new ServerBench();
  const hash = "0".repeat(64);
  expect(bench.ask(`ACK\t50\tasmith\t1\t${hash}`)).toEqual([]);
  expect(bench.ask(`ACK\t95\tasmith\t1\t${hash}\tno reason at all`)).toEqual([]);
});

test("no password is in any log line", () => {
  const bench = new ServerBench();
  const secret = "this is secret";
  bench.ask(say.register("asmith", home.ip, 1994, secret));
  bench.ask(say.login("asmith", secret));
  bench.ask(say.login("asmith", `${secret} too`));
  bench.ask(say.register("asmith", home.ip, 1995, `not ${secret}`));
  bench.ask(say.deregister("asmith", home.ip, secret));
  expect([...bench.activity, ...bench.errors].filter((line) => line.includes(secret))).toEqual([]);
});

test("a session whose end is being stored takes no further request of the same batch", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  for (const text of [
    say.logoff("asmith"),
    say.data("asmith", "too late"),
    say.status("asmith"),
    say.query("asmith", "02", "asmith"),
  ]) {
    bench.receive(text);
  }
  const codes = codesOf(bench.turn());
  expect(codes.toSorted()).toEqual(["41", "51", "61", "80"]);
  expect(bench.store.reports.size).toBe(0);
});
