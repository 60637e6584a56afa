// Mutated vectors, the same in every run: the decoder never throws, and whatever it accepts is encoded back byte for
// byte.

import { expect, setDefaultTimeout, test } from "bun:test";
import { decode } from "../../lib/protocol/decode.ts";
import { encode } from "../../lib/protocol/encode.ts";
import { datagramVectors, topics, withoutLineEnd } from "./vectors.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const seed = 0x10ad1e55;
const datagrams = 100_000;
// Bytes that change how a datagram is read: separators, line ends, digits, the edges of UTF-8 and of address forms.
const splices = ["\t", "\n", "\r\n", "\r", "\0", "0", "9", ".", ":", "::1", "127.0.0.1\t1995", "é"]
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xc0, 0x80]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xef, 0xbb])]);

test(`${datagrams} mutated datagrams, seed ${seed}`, () => {
  const random = randomFrom(seed);
  const vectors = topics
    .flatMap((topic) => datagramVectors(topic))
    .filter(({ bytes }) => bytes.length < 400);
  // Accepted vectors are in the corpus three times; otherwise most mutations would change what is refused anyway.
  const accepted = vectors.filter(({ message }) => message !== null);
  const corpus = [...vectors, ...accepted, ...accepted].map(({ bytes }) => bytes);
  let taken = 0;
  for (let i = 0; i < datagrams; i++) {
    const changed = mutated(corpus, random);
    const bytes = random(2) === 0 ? changed : withLength(changed, 4 + 2 * random(2));
    const decoded = decode(bytes);
    if (!decoded.ok) {
      if (!/^9[012]$/.test(decoded.code)) throw new Error(`refused with ${decoded.code}`);
      continue;
    }
    taken++;
    const text = encode(decoded.message);
    const rewritten = Buffer.from(text);
    // Not expect(): it costs more time than all the decoding.
    if (!withoutLineEnd(rewritten).equals(withoutLineEnd(bytes))) {
      throw new Error(`${i}: ${JSON.stringify(bytes.toString())} became ${JSON.stringify(text)}`);
    }
    if (!Bun.deepEquals(decode(rewritten), decoded, true)) {
      throw new Error(`${i}: ${JSON.stringify(bytes.toString())} is read otherwise when written`);
    }
  }
  // Both accepted and refused datagrams occurred.
  expect(taken).toBeGreaterThan(datagrams / 20);
  expect(taken).toBeLessThan(datagrams);
});

/** A vector with 1 or 2 changes: a byte, a cut, a splice, a piece of another vector, a field replaced or removed. */
function mutated(corpus: readonly Buffer[], random: (below: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(corpus[random(corpus.length)] as Buffer);
  for (let changes = 1 + random(2); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const other = corpus[random(corpus.length)] as Buffer;
    const splice = splices[random(splices.length)] as Buffer;
    switch (random(6)) {
      case 0: {
        const byte = random(random(2) === 0 ? 128 : 256);
        bytes = Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
        break;
      }
      case 1:
        bytes = before;
        break;
      case 2:
        bytes = Buffer.concat([before, splice, after]);
        break;
      case 3:
        bytes = Buffer.concat([before, splice, after.subarray(splice.length)]);
        break;
      case 4:
        bytes = Buffer.concat([before, other.subarray(random(other.length + 1))]);
        break;
      default: {
        const fields = bytes.toString("latin1").split("\t");
        const others = other.toString("latin1").split("\t").slice(2, 4);
        fields.splice(random(fields.length), 1, ...others.slice(random(3)));
        bytes = Buffer.from(fields.join("\t"), "latin1");
      }
    }
  }
  return bytes;
}

/** Corrects the length in the field at `index`; otherwise hardly any mutated message would be accepted. */
function withLength(bytes: Buffer, index: number): Buffer {
  const fields = bytes.toString("latin1").split("\t");
  if (!/^(STATUS|DATA)$/.test(fields[0] as string) || fields.length < index + 2) return bytes;
  const message = withoutLineEnd(Buffer.from(fields.slice(index + 1).join("\t"), "latin1"));
  fields[index] = String(message.length);
  return Buffer.from(fields.join("\t"), "latin1");
}

/** Returns a generator of integers from 0 to below a bound, repeatable by seed (a 32-bit LCG). */
function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
