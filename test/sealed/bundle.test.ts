// What fills a packet: how much fits into 1,168 bytes, receipts that go on, msgids at the edges, and a writer that is
// full or refuses a frame, which says so and changes nothing.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  decodeFrames,
  encodeFrames,
  FrameReader,
  FrameWriter,
  framesIn,
  joinMsgid,
} from "../../lib/sealed/bundle.ts";
import type { Frame } from "../../lib/sealed/frames.ts";
import { fixedBytes, fromText, toHex } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const keepalive: Frame = { kind: "keepalive", answer: false, msgid: 0n };
const edges = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];

function text(bytes: number, msgid = 0n): Frame {
  return { kind: "text", answer: false, msgid, body: new Uint8Array(bytes).fill(0x61) };
}

function half(msgid: bigint): [number, number] {
  return [Number(msgid >> 32n), Number(msgid & 0xffff_ffffn)];
}

function readAll(plaintext: Uint8Array): Frame[] {
  const results = decodeFrames(plaintext);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  return framesIn(results);
}

describe("the writer", () => {
  test.each([
    ["one frame of 1,156 bytes", [1_156]],
    ["two frames", [600, 544]],
    ["frames without a body", Array.from({ length: 97 }, () => 0)],
  ])("fits 1,168 bytes and not one more: %s", (_, sizes) => {
    const writer = new FrameWriter();
    for (const size of sizes) expect(writer.add(text(size))).toBe(true);
    const used = sizes.reduce((sum, size) => sum + 12 + size, 0);
    if (used + 12 <= 1_168) throw new Error("another frame would fit");
    expect(writer.add(keepalive)).toBe(false);
    expect(writer.addAnswer("", 0, 0)).toBe(false);
    expect(writer.addReceipt("50", 0, 0, 0)).toBe(false);
    const plaintext = writer.take();
    expect(plaintext.length).toBe(Math.ceil(used / 16) * 16);
    expect(readAll(plaintext)).toEqual(sizes.map((size) => text(size)));
  });

  test("a frame that does not fit changes nothing, and fits into the next packet", () => {
    const writer = new FrameWriter();
    const twin = new FrameWriter();
    for (const each of [writer, twin]) {
      expect(each.add(text(100, 1n))).toBe(true);
      expect(each.addReceipt("50", 9, 0, 2)).toBe(true);
    }
    const [over, long] = ["b".repeat(1_020), "ä".repeat(510)];
    expect(writer.add({ ...text(0, 3n), body: fromText(over) } as Frame)).toBe(false);
    expect(writer.addAnswer(over, 0, 3)).toBe(false);
    // 510 characters would fit, but not their 1,020 bytes.
    expect(writer.addAnswer(long, 0, 3)).toBe(false);
    // The receipt is still the last frame, and goes on.
    for (const each of [writer, twin]) expect(each.addReceipt("50", 9, 0, 4)).toBe(true);
    const before = toHex(twin.take());
    expect(toHex(writer.take())).toBe(before);
    expect(writer.isEmpty).toBe(true);
    expect(writer.addAnswer(long, 0, 3)).toBe(true);
    expect(readAll(writer.take())).toEqual([
      { kind: "text", answer: true, msgid: 3n, body: fromText(long) },
    ]);
  });

  test("a body that never fits is a RangeError, which changes nothing", () => {
    const writer = new FrameWriter();
    for (const isEmpty of [true, false]) {
      if (!isEmpty) writer.add(keepalive);
      expect(() => writer.add(text(1_157))).toThrow(RangeError);
      expect(writer.isEmpty).toBe(isEmpty);
    }
    expect(() => new FrameWriter().addAnswer("a".repeat(1_157), 0, 0)).toThrow(RangeError);
    expect(() => new FrameWriter().addAnswer("ä".repeat(579), 0, 0)).toThrow(RangeError);
    expect(readAll(writer.take())).toEqual([keepalive]);
    expect(new FrameWriter().addAnswer("ä".repeat(578), 0, 0)).toBe(true);
  });

  test("frames that do not fit in one packet are a RangeError, and those after them come alone", () => {
    const long = text(1_157);
    expect(() => encodeFrames([keepalive, long])).toThrow(RangeError);
    expect(readAll(encodeFrames([keepalive]))).toEqual([keepalive]);
    expect(() => encodeFrames([text(600), text(600)])).toThrow(RangeError);
    expect(readAll(encodeFrames([keepalive]))).toEqual([keepalive]);
  });

  test("nothing of a packet is left in the padding of the next", () => {
    const writer = new FrameWriter();
    writer.add({ ...text(0), body: new Uint8Array(1_156).fill(0xff) } as Frame);
    writer.take();
    writer.add(text(1));
    expect(toHex(writer.take().subarray(13))).toBe("000000");
  });
});

describe("receipts", () => {
  test("go on as long as the code is the same and nothing else comes between", () => {
    const writer = new FrameWriter();
    const add = (code: string, msgid: bigint) => writer.addReceipt(code, 77, ...half(msgid));
    add("50", 1n);
    add("50", 2n);
    add("40", 3n);
    add("50", 4n);
    writer.addAnswer("ACK", ...half(5n));
    add("50", 6n);
    writer.add(keepalive);
    add("50", 7n);
    const receipt = (code: string, ...msgids: bigint[]): Frame => {
      return { kind: "receipt", answer: true, msgid: 0n, code, timeMs: 77, msgids };
    };
    const answer: Frame = { kind: "text", answer: true, msgid: 5n, body: fromText("ACK") };
    expect(readAll(writer.take())).toEqual([
      receipt("50", 1n, 2n),
      receipt("40", 3n),
      receipt("50", 4n),
      answer,
      receipt("50", 6n),
      keepalive,
      receipt("50", 7n),
    ]);
    // Not in the next packet either: there it begins anew.
    add("50", 8n);
    expect(readAll(writer.take())).toEqual([receipt("50", 8n)]);
  });

  test("a receipt has the time at which it began", () => {
    const writer = new FrameWriter();
    for (const [n, timeMs] of [2 ** 53 - 1, 0].entries()) writer.addReceipt("50", timeMs, 0, n);
    expect(readAll(writer.take())).toMatchObject([{ timeMs: 2 ** 53 - 1, msgids: [0n, 1n] }]);
  });

  test("one has room for 143 msgids, and its last byte is not padding", () => {
    const writer = new FrameWriter();
    let count = 0;
    while (writer.addReceipt("50", 0, 1, count)) count++;
    expect(count).toBe(143);
    const plaintext = writer.take();
    expect(plaintext.length).toBe(1_168);
    const [receipt] = readAll(plaintext);
    expect(receipt).toMatchObject({
      msgids: Array.from({ length: 143 }, (_, n) => joinMsgid(1, n)),
    });
  });

  test("what a receipt says is what the encoder of frames writes", () => {
    const writer = new FrameWriter();
    for (const msgid of edges) writer.addReceipt("40", 1_795_338_906_250, ...half(msgid));
    const written = toHex(writer.take());
    const frame = { kind: "receipt", answer: true, msgid: 0n, code: "40" } as const;
    expect(toHex(encodeFrames([{ ...frame, timeMs: 1_795_338_906_250, msgids: edges }]))).toBe(
      written,
    );
  });
});

test.each(edges)("the msgid %p, as a bigint and in two halves", (msgid) => {
  const writer = new FrameWriter();
  writer.add({ kind: "text", answer: true, msgid, body: fromText("a") });
  writer.addAnswer("a", ...half(msgid));
  const plaintext = Uint8Array.from(writer.take());
  const reader = new FrameReader();
  reader.begin(plaintext);
  for (let n = 0; n < 2; n++) {
    expect(reader.next()).toBe(true);
    expect(reader.msgid).toBe(msgid);
    expect([reader.msgidHigh, reader.msgidLow]).toEqual(half(msgid));
  }
  expect(reader.next()).toBe(false);
  expect(toHex(plaintext.subarray(0, 13))).toBe(toHex(plaintext.subarray(13, 26)));
});

describe("the reader", () => {
  test("begins anew after a fault", () => {
    const reader = new FrameReader();
    reader.begin(new Uint8Array(16));
    expect([reader.next(), reader.fault]).toEqual([false, "padding"]);
    expect([reader.next(), reader.fault]).toEqual([false, "padding"]);
    reader.begin(encodeFrames([keepalive]));
    expect([reader.fault, reader.next(), reader.next(), reader.fault] as unknown[]).toEqual([
      undefined,
      true,
      false,
      undefined,
    ]);
  });

  test("gives each body as it was, whatever stands at its place before", () => {
    const reader = new FrameReader();
    const packets = [3, 0, 1_156, 7].map((size, n) => [
      fixedBytes(`${n}`).subarray(0, Math.min(size, 32)),
      fixedBytes(`second ${n}`).subarray(0, n),
    ]);
    for (const bodies of packets) {
      const frames = bodies.map((body): Frame => ({ ...text(0), body }) as Frame);
      reader.begin(encodeFrames(frames));
      for (const body of bodies) {
        expect(reader.next()).toBe(true);
        expect(toHex(reader.body)).toBe(toHex(body));
      }
      expect(reader.next()).toBe(false);
    }
  });

  test("frames that are decoded own their bytes", () => {
    const [first] = readAll(encodeFrames([{ ...text(0), body: fromText("first") } as Frame]));
    const plaintext = encodeFrames([{ ...text(0), body: fromText("other") } as Frame]);
    const [other] = readAll(plaintext);
    plaintext.fill(0);
    expect([first, other]).toMatchObject([
      { body: fromText("first") },
      { body: fromText("other") },
    ]);
  });
});

test("1,168 bytes have 20 reports and their answer is one short packet", () => {
  const report = fromText("DATA\t07\tasmith\t2026-11-22:09:15:30\t8\t21.5 °C");
  const [up, down] = [new FrameWriter(), new FrameWriter()];
  let count = 0;
  while (
    up.add({ kind: "text", answer: false, msgid: BigInt(count), body: report, receipt: true })
  ) {
    down.addReceipt("50", 0, 0, count++);
  }
  expect(count).toBe(20);
  expect(down.take().length).toBe(192);
});
