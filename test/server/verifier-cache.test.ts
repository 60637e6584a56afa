// Passwords that were right are remembered for as long as they are: a fleet that logs in again costs no argon2.

import { expect, test } from "bun:test";
import { VerifierCache } from "../../lib/server/verifier-cache.ts";
import { codesOf, home, say, ServerBench } from "./server-bench.ts";

test("a LOGIN after a right one is answered in its batch, without a check", () => {
  const bench = ServerBench.with("asmith");
  bench.receive(say.login("asmith"));
  expect(bench.turn()).toEqual([]);
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(["70"]);
  bench.receive(say.login("asmith", "password", home.ip, 2000));
  expect(codesOf(bench.turn())).toEqual(["70"]);
  expect(bench.jobs).toEqual([]);
});

test("a wrong password is checked in full, and changes nothing", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  bench.receive(say.login("asmith", "passwort"));
  bench.turn();
  expect(bench.jobs).toHaveLength(1);
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(["31"]);
  bench.receive(say.login("asmith"));
  expect(codesOf(bench.turn())).toEqual(["70"]);
});

test("a password that was changed behind it is not accepted any more", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  const row = bench.store.devices.get("asmith");
  if (row !== undefined) bench.store.devices.set("asmith", { ...row, hash: "hash of new" });
  expect(bench.codes(say.login("asmith"))).toEqual(["31"]);
  expect(bench.codes(say.login("asmith", "new"))).toEqual(["70"]);
  bench.receive(say.login("asmith", "new"));
  expect(codesOf(bench.turn())).toEqual(["70"]);
});

test("a device that was removed and registered with another password has that one", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  expect(bench.codes(say.deregister("asmith"))).toEqual(["20"]);
  expect(bench.codes(say.login("asmith"))).toEqual(["31"]);
  expect(bench.codes(say.register("asmith", home.ip, 1994, "new"))).toEqual(["00"]);
  expect(bench.codes(say.login("asmith"))).toEqual(["31"]);
  expect(bench.codes(say.login("asmith", "new"))).toEqual(["70"]);
});

test("a restart forgets", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  bench.restart();
  bench.receive(say.login("asmith"));
  bench.turn();
  expect(bench.jobs).toHaveLength(1);
});

test("it holds the right password of each device only, a bounded number of them", () => {
  const cache = new VerifierCache(new Uint8Array(32).fill(1), 2);
  cache.remember("a", "one", "hash a");
  cache.remember("b", "two", "hash b");
  expect(cache.check("a", "one")).toBe("hash a");
  expect(cache.check("a", "two")).toBeNull();
  expect(cache.check("b", "one")).toBeNull();
  cache.remember("c", "three", "hash c");
  expect([cache.knows("a"), cache.knows("b"), cache.knows("c")]).toEqual([false, true, true]);
  cache.forget("b");
  expect(cache.check("b", "two")).toBeNull();
});
