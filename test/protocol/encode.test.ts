// What only an encoder meets: strings that no datagram can contain, reasons that must be cut, and encodeAck.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ack, describeAck, describeAnswer } from "../../lib/protocol/codes.ts";
import { decode } from "../../lib/protocol/decode.ts";
import { encode, encodeAck } from "../../lib/protocol/encode.ts";
import { reasonCharsMax } from "../../lib/protocol/limits.ts";
import type { Data } from "../../lib/protocol/messages.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const time = "2026-11-22:09:15:06";
const timeMs = Date.UTC(2026, 10, 22, 9, 15, 6);
const hash = "65bc2ca2ded8bae852e27ffe0412beaf5f180f37ef6c9624dfdc3579957cc036";

function data(message: string): Data {
  return { type: "DATA", code: "01", id: "asmith", address: null, time, message };
}

test("a message with any mix of TABs and line ends at its end survives a round trip", () => {
  const parts = ["", "a", "\t", "\n", "\r", "\r\n", "\0", "é"];
  for (const first of parts) {
    for (const second of parts) {
      for (const third of parts) {
        const message = data(first + second + third);
        expect(decode(Buffer.from(encode(message)))).toEqual({ ok: true, message, timeMs });
      }
    }
  }
});

test("a lone surrogate is sent as U+FFFD, and the length field counts it as such", () => {
  for (const half of ["\ud800", "\udc00", "a\ud83d", "\ude00\ud83d"]) {
    const decoded = decode(Buffer.from(encode(data(half))));
    expect(decoded).toEqual({ ok: true, message: data(half.toWellFormed()), timeMs });
  }
});

test("encodeAck writes the same as encode", () => {
  for (const code of Object.values(ack)) {
    for (const reason of ["", "why", "wie geht’s 😀"]) {
      const message = { type: "ACK", code, id: "asmith", time, hash, reason } as const;
      expect(encodeAck(code, "asmith", time, hash, reason)).toBe(encode(message));
    }
  }
});

test("a reason is sent with 9x codes only", () => {
  for (const code of Object.values(ack)) {
    const decoded = decode(Buffer.from(encodeAck(code, "asmith", time, hash, "why")));
    const reason = code.startsWith("9") ? "why" : "";
    expect(decoded).toMatchObject({ ok: true, message: { code, reason } });
  }
});

test("a long reason is cut between characters", () => {
  for (const start of ["", "x"]) {
    const text = encodeAck("90", "-", time, hash, start + "😀".repeat(reasonCharsMax));
    expect(text.isWellFormed()).toBe(true);
    const expected = start + "😀".repeat(reasonCharsMax - start.length);
    expect(decode(Buffer.from(text))).toMatchObject({ ok: true, message: { reason: expected } });
  }
});

test("each code has a description; an unknown code is shown as its number", () => {
  for (const code of Object.values(ack)) expect(describeAck(code)).not.toContain(code);
  expect(describeAck("19")).toBe("code 19");
  expect(describeAnswer("14")).toBe("the device did not answer");
  expect(describeAnswer("99")).toBe("code 99");
});
