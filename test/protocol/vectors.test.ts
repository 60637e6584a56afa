// Each vector becomes four tests: decode, encode, round trip, and the same datagram cut short at every byte.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { decode } from "../../lib/protocol/decode.ts";
import { encode } from "../../lib/protocol/encode.ts";
import { decodeTime } from "../../lib/protocol/time.ts";
import { forms, type Message } from "../../lib/protocol/messages.ts";
import {
  clausesWithVectors,
  datagramVectors,
  specification,
  topics,
  withoutLineEnd,
} from "./vectors.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

for (const topic of topics) {
  describe(topic, () => {
    for (const vector of datagramVectors(topic)) {
      const { name, clause, bytes, message, reject, hash } = vector;
      describe(`${clause} ${name}`, () => {
        if (message !== null) testMessage(bytes, message);
        if (reject !== null) {
          test("is refused", () => {
            const decoded = decode(bytes);
            expect(decoded).toMatchObject({ ok: false, ...reject });
            expect(decoded.ok || decoded.reason !== "").toBe(true);
          });
        }
        if (hash !== null) {
          test("has its hash", () => expect(Bun.SHA256.hash(bytes, "hex")).toBe(hash));
        }
        test("decodes to a different message when truncated", () => expectCutsToDiffer(bytes));
      });
    }
  });
}

function testMessage(bytes: Buffer, message: Message): void {
  const isTimed = message.type === "DATA" || message.type === "STATUS";
  const timeMs = isTimed ? decodeTime(message.time) : null;
  test("decodes", () => expect(decode(bytes)).toEqual({ ok: true, message, timeMs }));
  test("encodes", () => expect(written(message)).toEqual(asSent(bytes)));
  test("survives a round trip", () => {
    expect(decode(written(message))).toEqual({ ok: true, message, timeMs });
  });
}

function expectCutsToDiffer(bytes: Buffer): void {
  const whole = decode(bytes);
  const bare = withoutLineEnd(bytes).length;
  for (let length = 0; length < bytes.length; length++) {
    const cut = decode(bytes.subarray(0, length));
    // Clause 1.6: without its tolerated line end the datagram holds the same message.
    if (cut.ok && whole.ok && length !== bare) expect(cut.message).not.toEqual(whole.message);
  }
}

function written(message: Message): Buffer {
  return Buffer.from(encode(message));
}

/** The canonical bytes (clause 1.7): only a message that itself ends in LF is sent with a line end after it. */
function asSent(bytes: Buffer): Buffer {
  const bare = withoutLineEnd(bytes);
  return bare.at(-1) === 0x0a ? Buffer.concat([bare, Buffer.from("\n")]) : bare;
}

test("each clause of sections 1 and 2 has a vector, and each vector a clause", () => {
  const clauses = [...specification.matchAll(/^### (\d+\.\d+) /gm)].map((match) => match[1] ?? "");
  const covered = clausesWithVectors();
  expect(clauses.filter((clause) => /^[12]\./.test(clause) && !covered.has(clause))).toEqual([]);
  expect([...covered].filter((clause) => !clauses.includes(clause))).toEqual([]);
});

test("each form of each verb has a vector that is accepted", () => {
  const formOf = (message: Message) =>
    `${message.type} ${"address" in message && message.address !== null ? "addressed" : "plain"}`;
  const all = topics.flatMap((topic) => datagramVectors(topic));
  const seen = new Set(all.flatMap(({ message }) => (message === null ? [] : [formOf(message)])));
  const known = Object.entries(forms).flatMap(([verb, { addressed }]) =>
    addressed === undefined ? [`${verb} plain`] : [`${verb} plain`, `${verb} addressed`],
  );
  expect([...seen].sort()).toEqual(known.sort());
});

test("no two vectors of a topic have the same name or the same datagram", () => {
  for (const topic of topics) {
    const vectors = datagramVectors(topic);
    expect(twice(vectors.map(({ name }) => name))).toEqual([]);
    expect(twice(vectors.map(({ bytes }) => bytes.toString("hex")))).toEqual([]);
  }
});

function twice(texts: readonly string[]): string[] {
  return texts.filter((text, index) => texts.indexOf(text) !== index);
}
