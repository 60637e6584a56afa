// One bit flipped, at every position of every packet. Authenticated packets are refused. HELLO and KEY, which carry no
// MAC, are refused or decode to a different value.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { CookieJar } from "../../lib/sealed/cookie.ts";
import { Responder } from "../../lib/sealed/handshake.ts";
import { initBytes, macBytes } from "../../lib/sealed/limits.ts";
import { decodePacket, encodePacket } from "../../lib/sealed/packets.ts";
import type { Packet, ResetPacket } from "../../lib/sealed/packets.ts";
import { resetFor, SentTags } from "../../lib/sealed/reset.ts";
import {
  finishHandshake,
  fixedBytes,
  flipBit,
  server,
  session,
  startHandshake,
  toHex,
  valueOf,
} from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const source = { ip: "192.0.2.1", port: 1994 };
const random = { bytes: (count: number) => fixedBytes("random").subarray(0, count) };

function expectEveryFlip(wire: Uint8Array, refuses: (flipped: Uint8Array) => boolean): void {
  const bits = wire.length * 8;
  const through = Array.from({ length: bits }, (_, bit) => bit).filter(
    (bit) => !refuses(flipBit(wire, bit)),
  );
  expect(through, "bits whose flip went through").toEqual([]);
}

describe("INIT", () => {
  test("every bit up to mac1 is refused, by mac1 or by the packet's form", () => {
    const init = startHandshake().packet();
    const responder = new Responder(server);
    expect(responder.readInit(init).ok).toBe(true);
    expectEveryFlip(init.subarray(0, initBytes - macBytes), (flipped) => {
      const whole = Buffer.concat([flipped, init.subarray(initBytes - macBytes)]);
      return !responder.readInit(whole).ok;
    });
  });

  // mac2 is checked under load only; otherwise its 16 bytes are ignored.
  test("every bit, mac2 included, is refused under load", () => {
    const initiation = startHandshake();
    const responder = new Responder(server);
    const jar = new CookieJar(server.publicKey, random);
    const decoded = valueOf(responder.checkInit(initiation.packet()));
    const cookie = valueOf(initiation.openCookie(jar.answer(decoded, source, 0)));
    const init = initiation.packet(cookie);
    const passes = (bytes: Uint8Array) =>
      responder.checkInit(bytes).ok && jar.check(bytes, source, 0) && responder.readInit(bytes).ok;
    expect(passes(init)).toBe(true);
    expectEveryFlip(init, (flipped) => !passes(flipped));
  });
});

test("RESP: every bit is refused, and the genuine packet is accepted afterwards", () => {
  const { initiation, resp } = finishHandshake();
  expectEveryFlip(resp, (flipped) => !initiation.complete(flipped).ok);
  expect(initiation.complete(resp).ok).toBe(true);
});

test("COOKIE: every bit is refused", () => {
  const initiation = startHandshake();
  const init = valueOf(new Responder(server).checkInit(initiation.packet()));
  const cookie = new CookieJar(server.publicKey, random).answer(init, source, 0);
  expect(initiation.openCookie(cookie).ok).toBe(true);
  expectEveryFlip(cookie, (flipped) => !initiation.openCookie(flipped).ok);
});

describe("DATA", () => {
  test("every bit is refused, and the genuine packet opens afterwards", () => {
    const sides = session();
    const packet = valueOf(sides.client.seal(new Uint8Array(64), 0));
    expectEveryFlip(packet, (flipped) => !sides.server.open(flipped, 0).ok);
    expect(sides.server.open(packet, 0).ok).toBe(true);
  });

  test("every truncation is refused", () => {
    const sides = session();
    const packet = valueOf(sides.client.seal(new Uint8Array(64), 0));
    for (let length = 0; length < packet.length; length++)
      expect(sides.server.open(packet.subarray(0, length), 0).ok, `${length} bytes`).toBe(false);
  });
});

test("RESET: every bit is refused or not believed", () => {
  const tags = new SentTags();
  const packet = valueOf(session().client.seal(new Uint8Array(16), 0));
  tags.note(packet);
  const believed = (bytes: Uint8Array) => {
    const decoded = decodePacket(bytes);
    return decoded.ok && decoded.value.type === "reset" && tags.caused(decoded.value);
  };
  const reset = resetFor(packet);
  expect(believed(reset)).toBe(true);
  expectEveryFlip(reset, (flipped) => !believed(flipped));
});

// HELLO and KEY carry no MAC. A HELLO with a changed nonce is another question. A KEY with a changed nonce answers no
// question; one with a changed key fails at the pin or in the handshake.
describe.each<[string, Packet]>([
  ["HELLO", { type: "hello", nonce: fixedBytes("nonce").subarray(0, 16) }],
  [
    "KEY",
    {
      type: "key",
      nonce: fixedBytes("nonce").subarray(0, 16),
      versionMin: 2,
      versionMax: 2,
      flags: 0,
      publicKey: server.publicKey,
    },
  ],
])("%s", (_, packet) => {
  test("every bit is refused or gives a different value", () => {
    const wire = encodePacket(packet);
    expectEveryFlip(wire, (flipped) => {
      const decoded = decodePacket(flipped);
      return !decoded.ok || toHex(encodePacket(decoded.value)) !== toHex(wire);
    });
  });

  test("a changed bit in type, reserved bytes or padding is refused", () => {
    const wire = encodePacket(packet);
    for (let bit = 0; bit < 32; bit++) expect(decodePacket(flipBit(wire, bit)).ok).toBe(false);
    if (packet.type !== "hello") return;
    for (let bit = 160; bit < wire.length * 8; bit++)
      expect(decodePacket(flipBit(wire, bit)).ok).toBe(false);
  });
});

test("a RESET is smaller than the smallest packet that causes one", () => {
  const packet = valueOf(session().client.seal(new Uint8Array(16), 0));
  const reset = resetFor(packet);
  expect(reset.length).toBeLessThan(packet.length);
  const decoded = valueOf(decodePacket(reset)) as ResetPacket;
  expect(toHex(decoded.tag)).toBe(toHex(packet.subarray(-16)));
});
