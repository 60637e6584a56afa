// ChaCha20-Poly1305 on the heap of libsodium: known results of OpenSSL, what a forged tag leads to, that packets do not
// disturb each other, and that no key stays on the heap.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { open, openPacket, seal, sealPacket } from "../../lib/sealed/cipher.ts";
import vectors from "../../lib/sealed/vectors/cipher.json";
import handshakes from "../../lib/sealed/vectors/handshakes.json";
import { fixedBytes, flipBit, fromHex, fromText, toHex } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const key = fixedBytes("key");
const nothing = new Uint8Array(0);

describe("known results", () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
    const [plaintext, sealed] = [fromHex(vector.plaintext), fromHex(vector.sealed)];
    const [known, associated] = [fromHex(vector.key), fromHex(vector.associated)];
    expect(toHex(seal(known, vector.counter, associated, plaintext))).toBe(vector.sealed);
    expect(open(known, vector.counter, associated, sealed)).toEqual(plaintext);
  });

  test.each(
    handshakes.flatMap(({ name, messages, ...vector }) =>
      messages.map((message) => {
        const isUp = message.from === "initiator";
        const sender = isUp ? vector.initiatorKey : vector.responderKey;
        const receiver = isUp ? vector.responderIndex : vector.initiatorIndex;
        return [`${name}, ${message.from} ${message.counter}`, message, sender, receiver] as const;
      }),
    ),
  )("a packet of a session: %s", (_, { counter, plaintext, wire }, sender, receiver) => {
    const packet = sealPacket(fromHex(sender), receiver, counter, fromHex(plaintext));
    expect(toHex(packet)).toBe(wire);
    expect(toHex(openPacket(fromHex(sender), counter, packet)!)).toBe(plaintext);
  });
});

describe("refused", () => {
  const associated = fromText("associated");
  const sealed = seal(key, 7, associated, fromText("plaintext"));

  test("what was sealed with another key, counter or associated data", () => {
    expect(open(key, 7, associated, sealed)).toEqual(fromText("plaintext"));
    expect(open(fixedBytes("other"), 7, associated, sealed)).toBeUndefined();
    expect(open(key, 8, associated, sealed)).toBeUndefined();
    expect(open(key, 7, nothing, sealed)).toBeUndefined();
    expect(open(key, 7, fromText("associateD"), sealed)).toBeUndefined();
  });

  test("every bit that is flipped, and every truncation that has room for a tag", () => {
    for (let bit = 0; bit < sealed.length * 8; bit++)
      expect(open(key, 7, associated, flipBit(sealed, bit)), `bit ${bit}`).toBeUndefined();
    for (let length = 16; length < sealed.length; length++)
      expect(open(key, 7, associated, sealed.subarray(0, length)), `${length}`).toBeUndefined();
  });

  test("a packet whose header was changed", () => {
    const packet = sealPacket(key, 9, 3, new Uint8Array(32));
    for (let bit = 0; bit < 16 * 8; bit++)
      expect(openPacket(key, 3, flipBit(packet, bit)), `bit ${bit}`).toBeUndefined();
    expect(openPacket(key, 3, packet)).toEqual(new Uint8Array(32));
  });
});

describe("one after the other", () => {
  const texts = [
    "short",
    "a longer one that fills more than one block of the cipher, which has 64 bytes",
  ];

  test("packets that were sealed stay as they are when the next ones are sealed and opened", () => {
    const packets = texts.map((text, counter) => sealPacket(key, 1, counter, fromText(text)));
    const before = packets.map(toHex);
    for (const [counter, packet] of packets.entries()) {
      expect(Buffer.from(openPacket(key, counter, packet)!).toString()).toBe(texts[counter]!);
    }
    seal(key, 5, nothing, new Uint8Array(1_184));
    expect(packets.map(toHex)).toEqual(before);
  });

  test("the plaintext of a packet stays while others are sealed and handshakes opened", () => {
    const packet = sealPacket(key, 1, 0, fromText(texts[1]!));
    const handshake = seal(key, 1, nothing, new Uint8Array(1_168));
    const plaintext = openPacket(key, 0, packet)!;
    sealPacket(fixedBytes("other"), 2, 9, new Uint8Array(1_168).fill(0xff));
    expect(open(key, 1, nothing, handshake)).toEqual(new Uint8Array(1_168));
    expect(open(key, 2, nothing, handshake)).toBeUndefined();
    expect(Buffer.from(plaintext).toString()).toBe(texts[1]!);
  });

  test("a forged packet, or one of another length, leaves nothing in the next plaintext", () => {
    const [long, short] = [new Uint8Array(1_168).fill(0xee), new Uint8Array(16)];
    const packets = [long, short, long].map((plain, counter) => sealPacket(key, 1, counter, plain));
    expect(openPacket(key, 0, packets[0]!)).toEqual(long);
    expect(openPacket(key, 1, packets[1]!)).toEqual(short);
    expect(openPacket(key, 2, flipBit(packets[2]!, 9_000))).toBeUndefined();
    expect(openPacket(key, 1, packets[1]!)).toEqual(short);
    expect(openPacket(key, 2, packets[2]!)).toEqual(long);
  });

  test("what is passed in stays as it is, also a view into a packet that was opened", () => {
    const [plain, associated] = [fromText("plaintext"), fromText("associated")];
    const sealed = seal(key, 0, associated, plain);
    open(key, 0, associated, sealed);
    open(key, 1, associated, sealed);
    expect([plain, associated]).toEqual([fromText("plaintext"), fromText("associated")]);
    expect(key).toEqual(fixedBytes("key"));
    const relayed = openPacket(key, 4, sealPacket(key, 1, 4, plain))!;
    const onward = sealPacket(fixedBytes("other"), 2, 0, relayed);
    expect(openPacket(fixedBytes("other"), 0, onward)).toEqual(plain);
  });
});

test("no key is left on the heap, whatever it was used for", () => {
  const packet = sealPacket(key, 1, 0, new Uint8Array(64));
  const sealed = seal(key, 1, nothing, new Uint8Array(64));
  // The plaintext of a packet is a view of the heap, so its buffer is the whole of it.
  const heap = Buffer.from(openPacket(key, 0, packet)!.buffer);
  const find = (bytes: Uint8Array) => heap.indexOf(bytes);
  expect(heap.length).toBeGreaterThan(1_000_000);
  expect(find(packet.subarray(0, 16))).toBeGreaterThan(0);
  expect(find(key)).toBe(-1);
  open(key, 1, nothing, sealed);
  open(key, 2, nothing, sealed);
  openPacket(key, 0, flipBit(packet, 200));
  expect(find(key)).toBe(-1);
  // Nor half of one, as a part of the cipher's state.
  expect([find(key.subarray(0, 16)), find(key.subarray(16))]).toEqual([-1, -1]);
});
