// No amplification (protocol §4): replies to strangers that are longer than three times their request are limited, per
// source and in all. A source with a session gets every reply.

import { expect, setDefaultTimeout, test } from "bun:test";
import { limits } from "../../lib/server/policy.ts";
import { codesOf, home, home2, say, ServerBench, stranger } from "./server-bench.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function flood(bench: ServerBench, text: string, count: number, from = stranger): string[] {
  for (let i = 0; i < count; i++) bench.receive(text, { ...from, port: 1 + i });
  return codesOf(bench.turn());
}

test("long replies come 20 at once and then 5 a second, from any port; beyond that there is silence", () => {
  const bench = new ServerBench();
  expect(flood(bench, say.logoff("a"), 50)).toHaveLength(20);
  expect(bench.engine.desk.counters.silenced).toBe(30);
  bench.wait(1_000);
  expect(flood(bench, say.logoff("a"), 50)).toHaveLength(5);
  bench.wait(60_000);
  expect(flood(bench, say.logoff("a"), 50)).toHaveLength(20);
});

test.each([["Q"], ["LOGOFF"], ["\u0001"], [" "], ["LOGIN\ta\tb\t::1\t1"]])(
  "%j gets no more than that",
  (text) => {
    const bench = new ServerBench();
    const sent = flood(bench, text, 100).length;
    expect(sent).toBeLessThanOrEqual(20);
  },
);

test("replies within three times the request are not limited", () => {
  const bench = new ServerBench();
  const text = say.status("a-device-with-a-name-of-some-length");
  expect(flood(bench, text, 500)).toHaveLength(500);
});

test("a reason is left out first: the bare ACK is short enough and is sent", () => {
  const bench = new ServerBench();
  const text = "LOGIN\tasmith\tpassword\t127.0.0.1\t65536";
  const lengths = Array.from({ length: 30 }, () => bench.ask(text, stranger)[0]?.text.length ?? 0);
  expect(Math.min(...lengths.slice(0, 20))).toBeGreaterThan(3 * text.length);
  expect(Math.max(...lengths.slice(20))).toBeLessThanOrEqual(3 * text.length);
  expect(Math.min(...lengths)).toBeGreaterThan(0);
});

test("a source with a session gets every reply, another source does not", () => {
  const bench = new ServerBench();
  bench.enter("asmith");
  expect(flood(bench, "Q", 100, home2)).toHaveLength(100);
  expect(flood(bench, "Q", 100, stranger)).toHaveLength(20);
  bench.ask(say.logoff("asmith"), home);
  expect(flood(bench, "Q", 100, home2)).toHaveLength(20);
});

test("one source does not use up the share of another", () => {
  const bench = new ServerBench();
  flood(bench, "Q", 1_000);
  expect(flood(bench, "Q", 1, { ip: "203.0.113.1", port: 1 })).toEqual(["91"]);
});

test("the total is bounded too, however many sources there are", () => {
  const bench = new ServerBench();
  let sent = 0;
  for (let i = 0; i < 3 * limits.longRepliesPerSecondInAll; i++) {
    const ip = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    bench.receive("Q", { ip, port: 1 });
  }
  sent += bench.turn().length;
  expect(sent).toBe(limits.longRepliesPerSecondInAll);
});

test("nothing is sent to an address that is only stated in a message", () => {
  const bench = new ServerBench();
  const trap = "203.0.113.13";
  const texts = [
    say.register("asmith", trap, 1313),
    say.login("asmith", "password", trap, 1313),
    say.status("asmith", `every=1 ${trap}`),
    `QUERY\t01\tasmith\t${trap}\t1313\t1\tasmith`,
    `DATA\t01\tasmith\t${trap}\t1313\t1\t1\tx`,
    say.logoff("asmith"),
  ];
  const replies = texts.flatMap((text) => bench.ask(text, home));
  expect(codesOf(replies)).toEqual(["00", "70", "40", "DATA 01", "50", "80"]);
  expect(replies.map(({ to }) => to)).toEqual(texts.map(() => home));
});
