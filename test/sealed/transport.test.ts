// Transports: counters, replay, limits of age and use, roaming.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  deadAfterMessages,
  deadAfterMs,
  rekeyAfterMessages,
  rekeyAfterMs,
} from "../../lib/sealed/limits.ts";
import { writeDataHeader } from "../../lib/sealed/packet-form.ts";
import { sealPacket } from "../../lib/sealed/cipher.ts";
import { areDead, areWorn, Transport } from "../../lib/sealed/transport.ts";
import { finishHandshake, reasonOf, serverIndex, session, toHex, valueOf } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const frame = new Uint8Array(32).fill(7);

/** A DATA packet from the client with any counter, sealed without its transport. */
function dataWith(counter: number): Uint8Array {
  const { sendKey } = finishHandshake().client;
  return sealPacket(sendKey, serverIndex, counter, frame);
}

test("both directions, with counters that increase by one", () => {
  const sides = session();
  for (let counter = 0; counter < 3; counter++) {
    const up = valueOf(sides.client.seal(frame, 0));
    const down = valueOf(sides.server.seal(frame, 0));
    expect(new DataView(up.buffer, up.byteOffset).getBigUint64(8)).toBe(BigInt(counter));
    expect(up.length).toBe(32 + frame.length);
    expect(toHex(up)).not.toBe(toHex(down));
    expect(toHex(valueOf(sides.server.open(up, 0)).plaintext)).toBe(toHex(frame));
    expect(toHex(valueOf(sides.client.open(down, 0)).plaintext)).toBe(toHex(frame));
  }
  expect(sides.client.sent).toBe(3);
});

test("sessions are independent of each other", () => {
  const one = session();
  const two = session();
  const packets = [0, 1, 2].map(() => [one, two].map((s) => valueOf(s.client.seal(frame, 0))));
  for (const [first, second] of packets.reverse()) {
    expect(two.server.open(second!, 0).ok).toBe(true);
    expect(one.server.open(first!, 0).ok).toBe(true);
  }
});

describe("refused", () => {
  test("a packet that comes a second time, and the session goes on", () => {
    const sides = session();
    const first = valueOf(sides.client.seal(frame, 0));
    const second = valueOf(sides.client.seal(frame, 0));
    expect(sides.server.open(first, 0).ok).toBe(true);
    expect(reasonOf(sides.server.open(first, 0))).toBe("replay");
    expect(sides.server.open(second, 0).ok).toBe(true);
  });

  test("a forged counter far ahead does not move the window", () => {
    const sides = session();
    const forged = Uint8Array.from(dataWith(100_000));
    forged[20]! ^= 1;
    expect(reasonOf(sides.server.open(forged, 0))).toBe("tag");
    expect(sides.server.open(valueOf(sides.client.seal(frame, 0)), 0).ok).toBe(true);
  });

  test("a packet reflected to its sender", () => {
    const sides = session();
    const packet = valueOf(sides.client.seal(frame, 0));
    expect(reasonOf(sides.client.open(packet, 0))).toBe("index");
    const turned = Uint8Array.from(packet);
    writeDataHeader(turned, sides.client.localIndex, 0);
    expect(reasonOf(sides.client.open(turned, 0))).toBe("tag");
  });

  test("another type of packet, and an empty one", () => {
    const sides = session();
    expect(reasonOf(sides.server.open(finishHandshake().resp, 0))).toBe("not-expected");
    expect(reasonOf(sides.server.open(new Uint8Array(0), 0))).toBe("size");
  });
});

describe("newest", () => {
  test("only if the counter is higher than any before", () => {
    const { server } = session();
    const table: readonly [number, boolean][] = [
      [0, true],
      [5, true],
      [3, false],
      [6, true],
      [1, false],
      [2_000, true],
      [7, false],
    ];
    for (const [counter, newest] of table)
      expect(valueOf(server.open(dataWith(counter), 0)).newest, `counter ${counter}`).toBe(newest);
  });
});

test.each([
  // [age in ms, messages, worn, dead]
  [0, 0, false, false],
  [rekeyAfterMs - 1, rekeyAfterMessages - 1, false, false],
  [rekeyAfterMs, 0, true, false],
  [0, rekeyAfterMessages, true, false],
  [deadAfterMs - 1, deadAfterMessages - 1, true, false],
  [deadAfterMs, 0, true, true],
  [0, deadAfterMessages, true, true],
])("keys of %d ms and %d messages: worn %p, dead %p", (ageMs, messages, worn, dead) => {
  expect(areWorn(ageMs, messages)).toBe(worn);
  expect(areDead(ageMs, messages)).toBe(dead);
});

describe("age", () => {
  test("rekey after 15 minutes, no use after 30", () => {
    const sides = session();
    const late = valueOf(sides.client.seal(frame, deadAfterMs - 1));
    expect(sides.client.needsRekey(rekeyAfterMs - 1)).toBe(false);
    expect(sides.client.needsRekey(rekeyAfterMs)).toBe(true);
    expect(sides.client.isDead(deadAfterMs - 1)).toBe(false);
    expect(sides.client.isDead(deadAfterMs)).toBe(true);
    expect(reasonOf(sides.client.seal(frame, deadAfterMs))).toBe("dead");
    expect(reasonOf(sides.server.open(late, deadAfterMs))).toBe("dead");
    expect(sides.server.open(late, deadAfterMs - 1).ok).toBe(true);
  });
});

describe("use", () => {
  test("rekey after 2^20 received messages", () => {
    const { server } = session();
    server.open(dataWith(rekeyAfterMessages - 2), 0);
    expect(server.needsRekey(0)).toBe(false);
    server.open(dataWith(rekeyAfterMessages - 1), 0);
    expect(server.needsRekey(0)).toBe(true);
  });

  test("the last counter opens, and the next one does not", () => {
    const { server } = session();
    expect(server.open(dataWith(deadAfterMessages - 1), 0).ok).toBe(true);
    expect(reasonOf(server.open(dataWith(deadAfterMessages), 0))).toBe("counter");
  });
});

test("wiped keys neither seal nor open, not even a packet sealed with a key of zeros", () => {
  const sides = session();
  const packet = valueOf(sides.client.seal(frame, 0));
  const { client } = finishHandshake();
  const zeroed = new Transport({ ...client, sendKey: new Uint8Array(32) }, 0);
  sides.server.wipe();
  expect(reasonOf(sides.server.open(packet, 0))).toBe("dead");
  expect(reasonOf(sides.server.open(valueOf(zeroed.seal(frame, 0)), 0))).toBe("dead");
  expect(reasonOf(sides.server.seal(frame, 0))).toBe("dead");
});
