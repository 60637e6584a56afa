// Nearly valid datagrams: valid ones with changed bits, bytes, fields and lengths, the first bytes of sealed packets,
// and noise. The seed determines everything.

import type { SeededRandom } from "./seeded-random.ts";

const noiseBytesMax = 1_472;

type Mutation = (bytes: Buffer, random: SeededRandom) => Buffer;

const mutations: readonly Mutation[] = [
  // A flipped bit.
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
    return bytes;
  },
  // A changed byte.
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  // Inserted or removed bytes.
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const insert = noise(random, random.below(20));
    return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.below(20))]);
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  // A field repeated, replaced by another one, removed, or replaced by an odd value.
  fields((list, random) => list.splice(random.below(list.length), 0, random.pick(list))),
  fields((list, random) => (list[random.below(list.length)] = random.pick(list))),
  fields((list, random) => list.splice(random.below(list.length), 1)),
  fields((list, random) => (list[random.below(list.length)] = random.pick(oddities))),
  // The first byte of a sealed packet before other content.
  (bytes, random) => {
    bytes[0] = 1 + random.below(7);
    return bytes;
  },
  (_bytes, random) => {
    const sealed = noise(random, 1 + random.below(noiseBytesMax));
    sealed[0] = 1 + random.below(7);
    return sealed;
  },
  // Noise of any length, and padding up to the longest one.
  (_bytes, random) => noise(random, random.below(noiseBytesMax + 1)),
  (bytes, random) =>
    Buffer.concat([bytes, Buffer.alloc(random.below(noiseBytesMax), 0x20)]).subarray(
      0,
      noiseBytesMax,
    ),
];

const oddities = [
  "",
  "0",
  "-1",
  "65536",
  "99999999999999999999",
  "NaN",
  "__proto__",
  "constructor",
  "*",
  "..",
  "\u0000",
  "\u001b[2J",
  "\u202e",
  "\ufeff",
  "\ud7ff\u{1f600}",
  "%s%n",
  "'; DROP TABLE data; --",
  "::ffff:127.0.0.1",
  "0.0.0.0",
  "255.255.255.255",
  "every=0.0001",
  "every=1e9",
  "x".repeat(1_000),
];

/** A datagram with one, two or three mutations. */
export function mutated(datagram: Buffer, random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(datagram);
  for (let i = 0; i <= random.below(3); i++) {
    if (bytes.length > 0) bytes = random.pick(mutations)(bytes, random);
  }
  return bytes;
}

function noise(random: SeededRandom, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let i = 0; i < bytes; i++) buffer[i] = random.below(256);
  return buffer;
}

function fields(change: (list: string[], random: SeededRandom) => void): Mutation {
  return (bytes, random) => {
    const list = bytes.toString("utf8").split("\t");
    change(list, random);
    return Buffer.from(list.join("\t")).subarray(0, noiseBytesMax);
  };
}
