// Cookies: valid for one address and a short time, sealed for one INIT.

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { CookieJar, openCookie } from "../../lib/sealed/cookie.ts";
import { Responder } from "../../lib/sealed/handshake.ts";
import type { Initiation } from "../../lib/sealed/handshake.ts";
import vectors from "../../lib/sealed/vectors/proofs.json";
import {
  fixedBytes,
  fixedPair,
  fromHex,
  reasonOf,
  server,
  startHandshake,
  toHex,
  valueOf,
} from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const source = { ip: "192.0.2.1", port: 1994 };
let drawn = 0;
const random = { bytes: (count: number) => fixedBytes(`draw ${drawn++}`).subarray(0, count) };
let jar: CookieJar;

beforeEach(() => {
  drawn = 0;
  jar = new CookieJar(server.publicKey, random);
});

function ask(initiation: Initiation, nowMs: number): Uint8Array {
  const init = valueOf(new Responder(server).checkInit(initiation.packet()));
  return jar.answer(init, source, nowMs);
}

function cookieAt(nowMs: number): Uint8Array {
  const initiation = startHandshake();
  return valueOf(initiation.openCookie(ask(initiation, nowMs)));
}

test("the vector: a COOKIE that another implementation sealed", () => {
  const { wire, index, responder, mac1, cookie } = vectors.cookie;
  const opened = openCookie(fromHex(wire), index, fromHex(responder), fromHex(mac1));
  expect(toHex(valueOf(opened))).toBe(cookie);
});

test("a COOKIE is smaller than its INIT", () => {
  const initiation = startHandshake();
  expect(ask(initiation, 0).length).toBeLessThan(initiation.packet().length);
});

describe("an INIT with a cookie", () => {
  test("passes, and so does a later one of the same client", () => {
    const cookie = cookieAt(0);
    expect(jar.check(startHandshake(1).packet(cookie), source, 0)).toBe(true);
    expect(jar.check(startHandshake(2).packet(cookie), source, 0)).toBe(true);
  });

  test("without one does not", () => {
    expect(jar.check(startHandshake().packet(), source, 0)).toBe(false);
  });

  test("from another ip or port does not", () => {
    const init = startHandshake().packet(cookieAt(0));
    expect(jar.check(init, { ...source, ip: "192.0.2.11" }, 0)).toBe(false);
    expect(jar.check(init, { ...source, port: 1995 }, 0)).toBe(false);
    expect(jar.check(init, { ip: "192.0.2.1\u00001", port: 994 }, 0)).toBe(false);
  });

  test("from another server's jar does not", () => {
    const init = startHandshake().packet(cookieAt(0));
    const other = new CookieJar(server.publicKey, random);
    expect(other.check(init, source, 0)).toBe(false);
  });
});

describe("age", () => {
  // [case, issued at, other uses of the jar at, checked at, accepted]; times in ms
  const table: readonly [string, number, readonly number[], number, boolean][] = [
    ["the same generation", 0, [], 119_999, true],
    ["one generation on", 0, [], 120_000, true],
    ["one generation on, at its end", 0, [120_000], 239_999, true],
    ["two generations on", 0, [120_000], 240_000, false],
    ["two generations on, none between", 0, [], 240_000, false],
    ["a long quiet time", 0, [], 86_400_000, false],
    ["made late in its generation", 119_999, [120_000], 239_999, true],
    ["made late, two generations on", 119_999, [120_000], 240_000, false],
  ];
  test.each(table)("%s", (_, madeMs, usedMs, checkedMs, accepted) => {
    cookieAt(0);
    const init = startHandshake().packet(cookieAt(madeMs));
    for (const nowMs of usedMs) cookieAt(nowMs);
    expect(jar.check(init, source, checkedMs)).toBe(accepted);
  });
});

describe("a COOKIE opens only", () => {
  test("under the mac1 of the INIT that asked", () => {
    const packet = ask(startHandshake(1), 0);
    expect(reasonOf(startHandshake(2).openCookie(packet))).toBe("tag");
  });

  test("for the index that asked", () => {
    const init = startHandshake();
    const packet = ask(init, 0);
    const mac1 = init.packet().subarray(116, 132);
    expect(reasonOf(openCookie(packet, init.index + 1, server.publicKey, mac1))).toBe("index");
    expect(openCookie(packet, init.index, server.publicKey, mac1).ok).toBe(true);
  });

  test("from the server that was asked", () => {
    const init = startHandshake();
    const mac1 = init.packet().subarray(116, 132);
    const other = fixedPair("other server").publicKey;
    expect(reasonOf(openCookie(ask(init, 0), init.index, other, mac1))).toBe("tag");
  });
});

test("two COOKIEs for one INIT have different salts", () => {
  const initiation = startHandshake();
  expect(toHex(ask(initiation, 0))).not.toBe(toHex(ask(initiation, 0)));
});
