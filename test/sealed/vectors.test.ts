// Each packet and frame vector that is accepted becomes four tests: decode, encode, round trip, truncation.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { decodeFrame, encodeFrame } from "../../lib/sealed/frames.ts";
import type { Frame } from "../../lib/sealed/frames.ts";
import { decodePacket, encodePacket } from "../../lib/sealed/packets.ts";
import type { Packet } from "../../lib/sealed/packets.ts";
import type { Result } from "../../lib/sealed/result.ts";
import frames from "../../lib/sealed/vectors/frames.json";
import packets from "../../lib/sealed/vectors/packets.json";
import { fromHex, reasonOf, toHex, valueOf } from "./fixtures.ts";
import type { Vector } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

// Fields that are text; every other string in a vector is hex.
const textFields = new Set(["type", "kind", "id", "ip", "text", "askerId", "targetId"]);

/** The fields of a vector in the types the codec uses. */
function revive(fields: Record<string, unknown>): Record<string, unknown> {
  return mapFields(fields, (key, value) => {
    if (typeof value !== "string" || textFields.has(key)) return value;
    return key === "msgid" ? BigInt(`0x${value}`) : fromHex(value);
  });
}

/** Decoded fields in the notation of the vectors. */
function show(fields: object): Record<string, unknown> {
  return mapFields(fields, (_, value) => {
    if (typeof value === "bigint") return value.toString(16).padStart(16, "0");
    return value instanceof Uint8Array ? toHex(value) : value;
  });
}

function mapFields(
  fields: object,
  map: (key: string, value: unknown) => unknown,
): Record<string, unknown> {
  const entries = Object.entries(fields).map(([key, value]) => {
    const mapped = map(key, value);
    const nested = typeof mapped === "object" && mapped !== null && !ArrayBuffer.isView(mapped);
    return [key, nested ? mapFields(mapped, map) : mapped];
  });
  return Object.fromEntries(entries);
}

interface Codec {
  readonly topic: string;
  readonly vectors: readonly Vector[];
  readonly decode: (bytes: Uint8Array) => Result<object, string>;
  readonly encode: (fields: Record<string, unknown>) => Uint8Array;
  /** Whether the first `length` bytes of a vector's packet are a well-formed packet too. */
  readonly mayEnd: (vector: Vector, length: number) => boolean;
}

const codecs: readonly Codec[] = [
  {
    topic: "packet",
    vectors: packets,
    decode: decodePacket,
    encode: (fields) => encodePacket(fields as unknown as Packet),
    // A truncated DATA can be well-formed; its tag then refuses it: see bit-flips.test.ts.
    mayEnd: (vector, length) =>
      vector.fields?.["type"] === "data" && length >= 48 && length % 16 === 0,
  },
  {
    topic: "frame",
    vectors: frames,
    decode: decodeFrame,
    encode: (fields) => encodeFrame(fields as unknown as Frame),
    mayEnd: () => false,
  },
];

for (const codec of codecs) {
  describe(`${codec.topic} vectors`, () => {
    for (const vector of codec.vectors) {
      const wire = fromHex(vector.wire);
      if (vector.fields === undefined) {
        test(`${vector.name}: refused (${vector.clause})`, () => {
          expect(reasonOf(codec.decode(wire))).toBe(vector.reject!);
        });
        continue;
      }
      const fields = vector.fields;
      test(`${vector.name}: decode (${vector.clause})`, () => {
        expect(show(valueOf(codec.decode(wire)))).toEqual(fields);
      });
      test(`${vector.name}: encode (${vector.clause})`, () => {
        expect(toHex(codec.encode(revive(fields)))).toBe(vector.wire);
      });
      test(`${vector.name}: round trip (${vector.clause})`, () => {
        const decoded = valueOf(codec.decode(wire));
        expect(toHex(codec.encode(decoded as Record<string, unknown>))).toBe(vector.wire);
      });
      test(`${vector.name}: truncation at every byte (${vector.clause})`, () => {
        for (let length = 0; length < wire.length; length++) {
          if (codec.mayEnd(vector, length)) continue;
          expect(codec.decode(wire.subarray(0, length)).ok, `${length} bytes`).toBe(false);
        }
      });
    }
  });
}

test("every type of packet and kind of frame has a vector that is accepted", () => {
  const named = (vectors: readonly Vector[], field: string) =>
    new Set(vectors.flatMap((vector) => vector.fields?.[field] ?? []));
  expect(named(packets as unknown as Vector[], "type").size).toBe(7);
  expect(named(frames as unknown as Vector[], "kind").size).toBe(8);
});
