// Right passwords are remembered for as long as they are valid: a fleet that logs in again costs no argon2 checks.

import { expect, setDefaultTimeout, test } from "bun:test";
import { VerifierCache } from "../../../lib/server/passwords/verifier-cache.ts";
import { codesOf, home, say, ServerBench } from "../server-bench.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a LOGIN after a successful one is answered in its batch, without a check", () => {
  const bench = ServerBench.with("asmith");
  bench.receive(say.login("asmith"));
  expect(bench.turn()).toEqual([]);
  bench.hash();
  expect(codesOf(bench.turn())).toEqual(["70"]);
  bench.receive(say.login("asmith", "password", home.ip, 2000));
  expect(codesOf(bench.turn())).toEqual(["70"]);
  expect(bench.jobs).toEqual([]);
});

test("a wrong password is checked in full, and does not affect the cached one", () => {
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

test("a cached password is refused once the stored one has changed", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  const row = bench.store.devices.get("asmith");
  if (row !== undefined) bench.store.devices.set("asmith", { ...row, hash: "hash of new" });
  expect(bench.codes(say.login("asmith"))).toEqual(["31"]);
  expect(bench.codes(say.login("asmith", "new"))).toEqual(["70"]);
  bench.receive(say.login("asmith", "new"));
  expect(codesOf(bench.turn())).toEqual(["70"]);
});

test("a device that was removed and registered again has its new password only", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  expect(bench.codes(say.deregister("asmith"))).toEqual(["20"]);
  expect(bench.codes(say.login("asmith"))).toEqual(["31"]);
  expect(bench.codes(say.register("asmith", home.ip, 1994, "new"))).toEqual(["00"]);
  expect(bench.codes(say.login("asmith"))).toEqual(["31"]);
  expect(bench.codes(say.login("asmith", "new"))).toEqual(["70"]);
});

test("a restart empties the cache", () => {
  const bench = ServerBench.with("asmith");
  bench.ask(say.login("asmith"));
  bench.restart();
  bench.receive(say.login("asmith"));
  bench.turn();
  expect(bench.jobs).toHaveLength(1);
});

test("it holds the right password of each device only, and a bounded number of devices", () => {
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
