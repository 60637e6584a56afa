// Each packet vector that is accepted becomes four tests: decode, encode, round trip, truncation. So does each vector of a
// plaintext whose frames are all accepted; of the others it is compared which frames are good.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { decodeFrames, encodeFrames, framesIn } from "../../lib/sealed/bundle.ts";
import type { Frame } from "../../lib/sealed/frames.ts";
import { decodePacket, encodePacket } from "../../lib/sealed/packets.ts";
import type { Packet } from "../../lib/sealed/packets.ts";
import frames from "../../lib/sealed/vectors/frames.json";
import packets from "../../lib/sealed/vectors/packets.json";
import { fromHex, reasonOf, toHex, valueOf } from "./fixtures.ts";
import type { Vector } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

type Fields = Record<string, unknown>;

/** The plaintext of a DATA packet, and for each frame in it its fields or the reason of its refusal. */
type BundleVector = {
  readonly name: string;
  readonly clause: string;
  readonly wire: string;
  readonly frames: readonly Fields[];
};

// Fields that are text; every other string in a vector is hex.
const textFields = new Set(["type", "kind", "id", "ip", "text", "askerId", "targetId", "code"]);
const msgidFields = new Set(["msgid", "msgids"]);

/** The fields of a vector in the types the codec uses. */
function revive(fields: Fields): Fields {
  return mapFields(fields, (key, value) => {
    if (typeof value !== "string" || textFields.has(key)) return value;
    return msgidFields.has(key) ? BigInt(`0x${value}`) : fromHex(value);
  });
}

/** Decoded fields in the notation of the vectors. */
function show(fields: object): Fields {
  return mapFields(fields, (_, value) => {
    if (typeof value === "bigint") return value.toString(16).padStart(16, "0");
    return value instanceof Uint8Array ? toHex(value) : value;
  });
}

type MapField = (key: string, value: unknown) => unknown;

function mapFields(fields: object, map: MapField): Fields {
  const entries = Object.entries(fields).map(([key, value]) => [key, mapValue(key, value, map)]);
  return Object.fromEntries(entries);
}

function mapValue(key: string, value: unknown, map: MapField): unknown {
  if (Array.isArray(value)) return value.map((each) => mapValue(key, each, map));
  const mapped = map(key, value);
  const isNested = typeof mapped === "object" && mapped !== null && !ArrayBuffer.isView(mapped);
  return isNested ? mapFields(mapped, map) : mapped;
}

/** Whether the first `length` bytes of a vector's packet are a well-formed packet too. */
function mayEnd(vector: Vector, length: number): boolean {
  // A truncated DATA can be well-formed; its tag then refuses it: see bit-flips.test.ts.
  return vector.fields?.["type"] === "data" && length >= 48 && length % 16 === 0;
}

describe("packet vectors", () => {
  for (const vector of packets as readonly Vector[]) {
    const wire = fromHex(vector.wire);
    const { fields } = vector;
    if (fields === undefined) {
      test(`${vector.name}: refused (${vector.clause})`, () => {
        expect(reasonOf(decodePacket(wire))).toBe(vector.reject!);
      });
      continue;
    }
    test(`${vector.name}: decode (${vector.clause})`, () => {
      expect(show(valueOf(decodePacket(wire)))).toEqual(fields);
    });
    test(`${vector.name}: encode (${vector.clause})`, () => {
      expect(toHex(encodePacket(revive(fields) as unknown as Packet))).toBe(vector.wire);
    });
    test(`${vector.name}: round trip (${vector.clause})`, () => {
      expect(toHex(encodePacket(valueOf(decodePacket(wire))))).toBe(vector.wire);
    });
    test(`${vector.name}: truncation at every byte (${vector.clause})`, () => {
      for (let length = 0; length < wire.length; length++) {
        if (mayEnd(vector, length)) continue;
        expect(decodePacket(wire.subarray(0, length)).ok, `${length} bytes`).toBe(false);
      }
    });
  }
});

/** What is in a plaintext, in the notation of the vectors. */
function readBundle(plaintext: Uint8Array): Fields[] {
  return decodeFrames(plaintext).map((result) =>
    result.ok ? show(result.value) : { reject: result.reason },
  );
}

/** Where the frames of a plaintext end, read from their lengths alone. */
function endsOf(plaintext: Uint8Array, count: number): number[] {
  const ends: number[] = [];
  for (let end = 0; ends.length < count; ends.push(end)) {
    end += 12 + Buffer.from(plaintext).readUInt16BE(end + 2);
  }
  return ends;
}

describe("frame vectors", () => {
  for (const vector of frames as readonly BundleVector[]) {
    const wire = fromHex(vector.wire);
    test(`${vector.name}: decode (${vector.clause})`, () => {
      expect(readBundle(wire)).toEqual([...vector.frames]);
    });
    if (vector.frames.some((fields) => "reject" in fields)) continue;
    test(`${vector.name}: encode (${vector.clause})`, () => {
      const revived = vector.frames.map((fields) => revive(fields) as unknown as Frame);
      expect(toHex(encodeFrames(revived))).toBe(vector.wire);
    });
    test(`${vector.name}: round trip (${vector.clause})`, () => {
      expect(toHex(encodeFrames(framesIn(decodeFrames(wire))))).toBe(vector.wire);
    });
    test(`${vector.name}: truncation at every byte leaves the frames before it (${vector.clause})`, () => {
      const ends = endsOf(wire, vector.frames.length);
      const last = ends.at(-1) as number;
      for (let length = 0; length < wire.length; length++) {
        const whole = ends.filter((end) => end <= length).length;
        const isCut = length === 0 || (length < last && !ends.includes(length));
        const read = readBundle(wire.subarray(0, length));
        expect(read.slice(0, whole), `${length} bytes`).toEqual(vector.frames.slice(0, whole));
        const rest = read.slice(whole).map((fields) => "reject" in fields);
        expect(rest, `${length} bytes`).toEqual(isCut ? [true] : []);
      }
    });
  }
});

test("a plaintext in a vector is a multiple of 16 bytes, as in reality, and fits in a packet", () => {
  const sizes = frames.map(({ wire }) => wire.length / 2);
  expect(sizes.filter((size) => size % 16 !== 0 || size > 1_168)).toEqual([]);
});

test("every type of packet and kind of frame has a vector that is accepted", () => {
  const types = (packets as readonly Vector[]).flatMap(({ fields }) => fields?.["type"] ?? []);
  expect(new Set(types).size).toBe(7);
  const kinds = (frames as readonly BundleVector[]).flatMap((vector) =>
    vector.frames.flatMap((fields) => fields["kind"] ?? []),
  );
  expect(new Set(kinds).size).toBe(9);
});
