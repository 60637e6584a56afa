// Third-party Noise vectors for IK and IKpsk2, where they are installed; and this project's own vectors, made by an
// independent implementation, which always run.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NoiseInitiator, NoiseResponder } from "../../lib/sealed/noise.ts";
import type { NoiseOutcome } from "../../lib/sealed/noise.ts";
import { open, seal } from "../../lib/sealed/cipher.ts";
import { x25519KeyPair } from "../../lib/sealed/primitives.ts";
import { fixedPair, fromHex, fromText, toHex } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

interface OfficialVector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_psks?: readonly string[];
  readonly init_static: string;
  readonly init_ephemeral: string;
  readonly init_remote_static: string;
  readonly resp_static: string;
  readonly resp_ephemeral: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

const officialPath = join(import.meta.dir, "../../../shared/vectors/noise-ik-chachapoly.json");

function pairOf(hex: string) {
  return x25519KeyPair(fromHex(hex));
}

function runHandshake(vector: OfficialVector): [NoiseOutcome, NoiseOutcome] {
  const psk = vector.init_psks?.[0];
  const setting = {
    prologue: fromHex(vector.init_prologue),
    psk: psk === undefined ? undefined : fromHex(psk),
  };
  const remote = fromHex(vector.init_remote_static);
  const initiator = new NoiseInitiator(
    setting,
    pairOf(vector.init_static),
    remote,
    pairOf(vector.init_ephemeral),
  );
  const responder = new NoiseResponder(setting, pairOf(vector.resp_static));
  const [first, second] = vector.messages;
  const written = initiator.writeFirst(fromHex(first!.payload))!;
  expect(toHex(written)).toBe(first!.ciphertext);
  const read = responder.readFirst(written)!;
  expect(toHex(read.payload)).toBe(first!.payload);
  expect(toHex(read.remote)).toBe(toHex(pairOf(vector.init_static).publicKey));
  const answer = read.writeSecond(fromHex(second!.payload), pairOf(vector.resp_ephemeral))!;
  expect(toHex(answer.message)).toBe(second!.ciphertext);
  const finished = initiator.readSecond(answer.message)!;
  expect(toHex(finished.payload)).toBe(second!.payload);
  return [finished.outcome, answer.outcome];
}

function runTransport(vector: OfficialVector, sides: [NoiseOutcome, NoiseOutcome]): void {
  const empty = new Uint8Array(0);
  vector.messages.slice(2).forEach((message, index) => {
    const [from, to] = index % 2 === 0 ? sides : [sides[1], sides[0]];
    const counter = index >> 1;
    const sealed = seal(from.sendKey, counter, empty, fromHex(message.payload));
    expect(toHex(sealed)).toBe(message.ciphertext);
    expect(toHex(open(to.receiveKey, counter, empty, sealed)!)).toBe(message.payload);
  });
}

describe("third-party Noise vectors", () => {
  if (!existsSync(officialPath)) {
    test("absent: passed over", () => console.log("absent"));
    return;
  }
  const { vectors } = JSON.parse(readFileSync(officialPath, "utf8")) as {
    vectors: OfficialVector[];
  };
  test("both patterns have vectors", () => {
    expect(vectors.map((vector) => vector.protocol_name)).toEqual([
      "Noise_IK_25519_ChaChaPoly_SHA256",
      "Noise_IKpsk2_25519_ChaChaPoly_SHA256",
    ]);
  });
  test.each(vectors.map((vector) => [vector.protocol_name, vector] as const))(
    "%s: every message and the hash",
    (_, vector) => {
      const sides = runHandshake(vector);
      for (const side of sides) expect(toHex(side.handshakeHash)).toBe(vector.handshake_hash);
      runTransport(vector, sides);
    },
  );
});

describe("the pattern", () => {
  const setting = { prologue: fromText("p"), psk: new Uint8Array(32) };
  const responder = new NoiseResponder(setting, fixedPair("r"));
  const start = () =>
    new NoiseInitiator(setting, fixedPair("i"), fixedPair("r").publicKey, fixedPair("e"));

  test("refuses both messages at every truncation", () => {
    const initiator = start();
    const first = initiator.writeFirst(fromText("payload"))!;
    const second = responder.readFirst(first)!.writeSecond(fromText("answer"), fixedPair("f"))!;
    for (let length = 0; length < first.length; length++)
      expect(responder.readFirst(first.subarray(0, length))).toBeUndefined();
    for (let length = 0; length < second.message.length; length++)
      expect(initiator.readSecond(second.message.subarray(0, length))).toBeUndefined();
    expect(initiator.readSecond(second.message)).toBeDefined();
  });

  test.each([
    ["another prologue", { ...setting, prologue: fromText("q") }],
    ["no psk", { prologue: setting.prologue }],
  ])("%s does not fit", (_, other) => {
    const first = start().writeFirst(fromText("payload"))!;
    expect(new NoiseResponder(other, fixedPair("r")).readFirst(first)).toBeUndefined();
  });

  test("another psk is refused by the initiator", () => {
    const initiator = start();
    const other = new NoiseResponder({ ...setting, psk: fromHex("01".repeat(32)) }, fixedPair("r"));
    // IKpsk2 mixes the psk into the second message only, so the first one can be read without it.
    const read = other.readFirst(initiator.writeFirst(fromText("payload"))!)!;
    const second = read.writeSecond(fromText(""), fixedPair("f"))!;
    expect(initiator.readSecond(second.message)).toBeUndefined();
  });

  test("a key of small order is refused on both sides", () => {
    const zero = new Uint8Array(32);
    const toZero = new NoiseInitiator(setting, fixedPair("i"), zero, fixedPair("e"));
    expect(toZero.writeFirst(fromText(""))).toBeUndefined();
    const first = start().writeFirst(fromText(""))!;
    expect(responder.readFirst(Buffer.concat([zero, first.subarray(32)]))).toBeUndefined();
  });
});
