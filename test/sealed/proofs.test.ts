// The proof in a RESUME, the verifier that is stored of it, and fingerprints.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { fingerprint, isFingerprint, matchesFingerprint } from "../../lib/sealed/fingerprint.ts";
import { provesTicket, resumeProof, storedProof } from "../../lib/sealed/ticket.ts";
import vectors from "../../lib/sealed/vectors/proofs.json";
import { fixedBytes, flipBit, fromHex, toHex } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

describe("RESUME proof", () => {
  const { ticket, id, password, proof, stored } = vectors.ticket;

  test("the vector", () => {
    expect(toHex(resumeProof(fromHex(ticket), id, password))).toBe(proof);
    expect(toHex(storedProof(fromHex(proof)))).toBe(stored);
    expect(provesTicket(fromHex(stored), fromHex(proof))).toBe(true);
  });

  test("another ticket, id or password proves nothing", () => {
    const others = [
      resumeProof(fixedBytes("other"), id, password),
      resumeProof(fromHex(ticket), "asmit", `h${password}`),
      resumeProof(fromHex(ticket), "Asmith", password),
      resumeProof(fromHex(ticket), id, "password"),
      fromHex(stored),
      fromHex(proof).subarray(0, 31),
      new Uint8Array(0),
    ];
    for (const other of others) expect(provesTicket(fromHex(stored), other)).toBe(false);
  });

  test("every bit counts", () => {
    for (let bit = 0; bit < 256; bit++)
      expect(provesTicket(fromHex(stored), flipBit(fromHex(proof), bit))).toBe(false);
  });
});

describe("fingerprint", () => {
  const { key, text } = vectors.fingerprint;

  test("the vector", () => {
    expect(fingerprint(fromHex(key))).toBe(text);
    expect(text).toHaveLength("SHA256:".length + 43);
  });

  test.each([
    ["as printed", text, true],
    ["with padding", `${text}=`, true],
    ["another key's", fingerprint(fixedBytes("other")), false],
    ["in lower case", text.toLowerCase(), false],
    ["without its label", text.slice(7), false],
    ["cut", text.slice(0, -1), false],
    ["nothing", "", false],
  ])("%s", (_, typed, matches) => {
    expect(matchesFingerprint(typed, fromHex(key))).toBe(matches);
  });

  test("its form is recognised without a key", () => {
    expect(isFingerprint(text)).toBe(true);
    expect(isFingerprint("SHA256:abc")).toBe(false);
    expect(isFingerprint(`MD5:${text.slice(7)}`)).toBe(false);
  });
});
