// Password guesses (protocol §4): after ten refusals in a minute from one source for one id, pending checks included,
// no password is checked until the minute is over. Other sources and ids are not affected.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Digest } from "../../../lib/protocol/digest.ts";
import { CredentialGuard } from "../../../lib/server/passwords/credential-guard.ts";
import { Attempts } from "../../../lib/server/passwords/credentials.ts";
import { limits } from "../../../lib/server/policy.ts";
import type { Request } from "../../../lib/server/request.ts";
import { codesOf, home, home2, say, ServerBench, stranger } from "../server-bench.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { logIn } from "../../../lib/server/verbs/login.ts";

setDefaultTimeout(testTimeoutMs);

const guess = (i: number) => say.login("asmith", `a guess that is long enough to be answered ${i}`);

function refuseTen(bench: ServerBench): void {
  for (let i = 0; i < 10; i++) expect(bench.codes(guess(i), stranger)).toEqual(["31"]);
}

test("the eleventh attempt gets 93 without a check, even with the right password", () => {
  const bench = ServerBench.with("asmith");
  refuseTen(bench);
  bench.receive(guess(11), stranger);
  bench.receive(say.login("asmith"), stranger);
  expect(codesOf(bench.turn())).toEqual(["93", "93"]);
  expect(bench.jobs).toEqual([]);
  expect(bench.engine.hasWork).toBe(false);
});

test("another source and another id are not affected; another port of the source is", () => {
  const bench = ServerBench.with("asmith", "bsmith");
  refuseTen(bench);
  expect(bench.codes(say.login("asmith"), home)).toEqual(["70"]);
  expect(bench.codes(say.login("bsmith", "wrong, and of some length"), stranger)).toEqual(["31"]);
  expect(bench.codes(guess(12), { ip: stranger.ip, port: 7 })).toEqual(["93"]);
});

test("the minute starts at the first refusal, and 93 does not extend it", () => {
  const bench = ServerBench.with("asmith");
  refuseTen(bench);
  bench.wait(59_999);
  expect(bench.codes(guess(11), stranger)).toEqual(["93"]);
  bench.wait(1);
  expect(bench.codes(guess(12), stranger)).toEqual(["31"]);
  expect(bench.codes(say.login("asmith"), stranger)).toEqual(["70"]);
});

test("pending checks count: of fifty at once, ten are checked", () => {
  const bench = ServerBench.with("asmith");
  for (let i = 0; i < 50; i++) bench.receive(guess(i), stranger);
  expect(codesOf(bench.turn())).toEqual(Array.from({ length: 40 }, () => "93"));
  expect(bench.jobs).toHaveLength(10);
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(Array.from({ length: 10 }, () => "31"));
});

test("guesses count as well where the right password is cached, even before any of them is checked", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  for (let i = 0; i < 30; i++) bench.receive(guess(i), stranger);
  bench.receive(say.login("asmith"), stranger);
  expect(codesOf(bench.turn())).toEqual(Array.from({ length: 21 }, () => "93"));
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(Array.from({ length: 10 }, () => "31"));
  expect(bench.store.endsOf("asmith")).toEqual([null]);
});

test("an unknown id gets the same answers as a known one: the guard reveals no ids", () => {
  const bench = ServerBench.with("asmith");
  const codes = (id: string) =>
    Array.from({ length: 12 }, (_, i) => {
      return bench.codes(
        say.login(id, `a guess that is long enough to be answered ${i}`),
        stranger,
      );
    });
  expect(codes("nobody")).toEqual(codes("asmith"));
});

test.each([
  ["REGISTER", (i: number) => say.register("asmith", home.ip, 2000 + i, "wrong")],
  ["DEREGISTER", (i: number) => say.deregister("asmith", home.ip, `wrong ${i}`)],
])("%s with a wrong password counts", (_verb, text) => {
  const bench = ServerBench.with("asmith");
  const codes = Array.from({ length: 11 }, (_, i) => bench.codes(text(i))[0]);
  expect(codes).toEqual([...Array.from({ length: 10 }, () => "31"), "93"]);
});

test("right passwords, failed checks and failed storage do not count as refusals", () => {
  const bench = ServerBench.with("asmith");
  for (let i = 0; i < 30; i++) expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
  bench.restart();
  for (let i = 0; i < 15; i++) {
    bench.receive(say.login("asmith"), i % 2 === 0 ? home : home2);
    bench.turn();
    bench.hash(() => ({ failed: "no memory" }));
    expect(codesOf(bench.turn())).toEqual(["93"]);
  }
  bench.store.trouble = "disk full";
  for (let i = 0; i < 15; i++) expect(bench.codes(say.login("asmith"))).toEqual(["95"]);
  bench.store.trouble = null;
  expect(bench.codes(say.login("asmith"))).toEqual(["70"]);
});

test("a refusal counts even if its batch could not be stored", () => {
  const bench = ServerBench.with("asmith");
  for (let i = 0; i < 10; i++) {
    bench.receive(guess(i), stranger);
    bench.turn();
    bench.store.trouble = "disk full";
    bench.hash();
    expect(codesOf(bench.turn())).toEqual(["95"]);
    bench.store.trouble = null;
  }
  expect(bench.codes(guess(11), stranger)).toEqual(["93"]);
});

test.each([-86_400_000, 86_400_000])(
  "setting the wall clock by %d ms neither opens the lock nor makes its minute longer",
  (stepMs) => {
    const bench = ServerBench.with("asmith");
    refuseTen(bench);
    bench.wall += stepMs;
    expect(bench.codes(guess(11), stranger)).toEqual(["93"]);
    bench.wait(60_000);
    expect(bench.codes(guess(12), stranger)).toEqual(["31"]);
  },
);

test("the number of remembered pairs is bounded, and the oldest is forgotten first", () => {
  const guard = new CredentialGuard();
  const fill = (id: string) => {
    for (let i = 0; i < 10; i++) {
      guard.begin("ip", id, 1);
      guard.settle("ip", id, true, 1);
    }
  };
  fill("first");
  for (let i = 0; i < limits.guardedPairs - 1; i++) guard.begin("ip", `${i}`, 1);
  expect(guard.isClosed("ip", "first", 1)).toBe(true);
  guard.begin("ip", "one more", 1);
  expect(guard.isClosed("ip", "first", 1)).toBe(false);
});

test("a check is released for the source that it was counted for, also if a repeat came from another IP", () => {
  const bench = new ServerBench();
  const { desk } = bench.engine;
  const attempts = new Attempts(desk);
  const beginFrom = (source: Request["source"], i: number) => {
    const request: Request = {
      source,
      id: "asmith",
      verb: "DEREGISTER",
      bytes: 100,
      digest: new Digest(Buffer.from(`${i}`)),
      // A sealed client's key: its requests may come from any address.
      owner: "key",
      link: null,
      msgidHigh: 0,
      msgidLow: i,
      timeMs: null,
      isAnswer: false,
      wantsReceipt: false,
    };
    const stated = { ip: home.ip, port: home.port };
    const at = bench.wall;
    attempts.begin(request, {
      what: "LOGIN",
      id: "asmith",
      password: `guess ${i}`,
      ruleOf: (proof) => logIn({ id: "asmith", proof, seal: null, source, stated, at }, "replace"),
      onDone: () => {},
    });
  };
  for (let i = 0; i < limits.refusalsPerMinute; i++) {
    beginFrom(home, i);
    bench.turn();
    beginFrom(stranger, i);
    bench.hash();
    bench.turn();
  }
  expect(desk.guard.isClosed(home.ip, "asmith", bench.monotonic)).toBe(true);
  expect(desk.guard.isClosed(stranger.ip, "asmith", bench.monotonic)).toBe(false);
  expect(desk.guard.isClosed(home.ip, "asmith", bench.monotonic + 3_600_000)).toBe(false);
});
