// The examples in bytes in the specification of the envelope (protocol §5) are right: names, a packet, a bundle, a receipt.

import { expect, setDefaultTimeout, test } from "bun:test";
import { decodeFrames, encodeFrames, framesIn } from "../../lib/sealed/bundle.ts";
import { openPacket, sealPacket } from "../../lib/sealed/cipher.ts";
import type { Frame } from "../../lib/sealed/frames.ts";
import { prologue, protocolNamePsk } from "../../lib/sealed/limits.ts";
import { hash } from "../../lib/sealed/primitives.ts";
import { specification } from "../protocol/vectors.ts";
import { fromHex, fromText, toHex } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** The text of one clause. */
function clause(number: string): string {
  const from = specification.indexOf(`\n### ${number} `);
  if (from < 0) throw new Error(`no clause ${number}`);
  return specification.slice(from, specification.indexOf("\n##", from + 1));
}

/** The bytes in the examples of a clause: one string of hex for each indented line that has some. */
function hexLines(number: string): string[] {
  const lines = clause(number).matchAll(
    /^ {4}(?:[a-z]+ +)?((?:[0-9a-f]{2} )+[0-9a-f]{2})(?: |$)/gm,
  );
  return Array.from(lines, ([, hex = ""]) => hex.replaceAll(" ", ""));
}

/** The text after the bytes of a line, as a message: with TABs. */
function quoted(number: string): string[] {
  const texts = clause(number).matchAll(/^ {4}(?:[0-9a-f]{2} )+ +"(.*)"/gm);
  return Array.from(texts, ([, text = ""]) => text.replaceAll("→", "\t"));
}

test("§5.6: the name and the prologue, and their hashes", () => {
  const [named, started] = clause("5.6").match(/[0-9a-f]{64}/g) ?? [];
  const name = hash(fromText(protocolNamePsk));
  expect(named).toBe(toHex(name));
  expect(started).toBe(toHex(hash(name, fromText(prologue))));
  expect(clause("5.6")).toContain(`"${protocolNamePsk}"`);
  expect(clause("5.6")).toContain(`"${prologue}"`);
  expect(fromText(protocolNamePsk)).toHaveLength(36);
});

test("§5.8: a DATA packet", () => {
  const [header = "", nonce = "", plaintext = "", sealed = ""] = hexLines("5.8");
  const key = Uint8Array.from({ length: 32 }, (_, at) => at);
  const counter = Buffer.from(header, "hex").readUIntBE(10, 6);
  const receiver = Buffer.from(header, "hex").readUInt32BE(4);
  expect(Buffer.from(nonce, "hex").readUIntLE(4, 6)).toBe(counter);
  expect(toHex(sealPacket(key, receiver, counter, fromHex(plaintext)))).toBe(header + sealed);
  expect(toHex(openPacket(key, counter, fromHex(header + sealed))!)).toBe(plaintext);
  expect(framesIn(decodeFrames(fromHex(plaintext)))).toEqual([
    { kind: "keepalive", answer: false, msgid: 0x5eed_0001_0000_0007n },
  ]);
});

test("§5.9: a bundle", () => {
  const [first = "", second = "", padding = ""] = hexLines("5.9");
  const [report = "", heartbeat = ""] = quoted("5.9");
  const texts = [report, heartbeat].map(fromText);
  const frames = texts.map((body, at): Frame => {
    const msgid = 0x5eed_0001_0000_0008n + BigInt(at);
    return { kind: "text", answer: false, msgid, body, receipt: true };
  });
  const heads = [first, second];
  const whole = heads.map((head, at) => head + toHex(texts[at] as Uint8Array)).join("") + padding;
  expect(toHex(encodeFrames(frames))).toBe(whole);
  expect(clause("5.9")).toContain(`padding to ${whole.length / 2} bytes`);
  for (const text of texts) expect(clause("5.9")).toContain(`12 + ${text.length} bytes`);
});

test("§5.22: a receipt", () => {
  const bytes = hexLines("5.22").join("");
  expect(decodeFrames(fromHex(bytes)).map((result) => result.ok && result.value)).toEqual([
    {
      kind: "receipt",
      answer: true,
      msgid: 0n,
      code: "50",
      timeMs: Date.UTC(2026, 10, 22, 9, 15, 30, 250),
      msgids: [0x5eed_0001_0000_0008n, 0x5eed_0001_0000_000an],
    },
  ]);
  expect(clause("5.22")).toContain(`padding to ${bytes.length / 2} bytes`);
});
