// The rules of REGISTER, DEREGISTER and LOGIN as tables: one line per row of the protocol's tables (§4), in their
// order, combined with what is known of the password.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Proof } from "../../../../lib/server/operation.ts";
import { decideDeregister } from "../../../../lib/server/verbs/deregister.ts";
import { decideLogin } from "../../../../lib/server/verbs/login.ts";
import { decideResume } from "../../../../lib/server/verbs/resume.ts";
import { storedProof } from "../../../../lib/sealed/ticket.ts";
import { decideRegister, type DeviceRow } from "../../../../lib/server/verbs/register.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const none: Proof = { kind: "none" };
const hashed: Proof = { kind: "hashed", hash: "new" };
const right: Proof = { kind: "verified", hash: "h1" };
const wrong: Proof = { kind: "refused", hash: "h1" };
/** Checked against an earlier hash: the device has been registered anew since. */
const rightBefore: Proof = { kind: "verified", hash: "h0" };
const wrongBefore: Proof = { kind: "refused", hash: "h0" };
const unknownBefore: Proof = { kind: "refused", hash: null };

const asked = { id: "asmith", mac: "aa:bb:cc:dd:ee:ff", ip: "10.0.0.1", port: 1994 };
const own: DeviceRow = {
  ...asked,
  hash: "h1",
  sealedKey: null,
  storedProof: null,
  textLocked: false,
};
const sameMac = { ...own, mac: "AA-BB-CC-DD-EE-FF" };
const otherMac = { ...own, mac: "aa:bb:cc:dd:ee:00" };
const otherIp = { ...own, ip: "10.0.0.9" };
const otherPort = { ...own, port: 1995 };
const locked = { ...own, textLocked: true };
const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);
const sealed = { ...locked, sealedKey: key };

const inText = (proof: Proof) =>
  ({ device: asked, proof, sealed: false, clientKey: null, join: "open" }) as const;

describe("REGISTER: the first row that fits", () => {
  const free = { ipHolder: null, macHolder: null };
  const ipTaken = { ipHolder: "bsmith", macHolder: null };
  const macTaken = { ipHolder: null, macHolder: "csmith" };
  const both = { ipHolder: "bsmith", macHolder: "csmith" };
  test.each([
    ["same id, another MAC", otherMac, free, none, "11"],
    ["same id, another MAC, all else ignored", { ...otherMac, ip: "10.0.0.9" }, both, right, "11"],
    ["same id and MAC, same ip and port", own, free, none, "01"],
    ["the MAC in another notation", sameMac, free, none, "01"],
    ["the same, while others hold the ip and the MAC", own, both, none, "01"],
    ["the same, password wrong: nothing changes, nothing is checked", own, free, wrong, "01"],
    ["other ip, password not checked", otherIp, free, none, "verify h1"],
    ["other ip, password checked before it changed", otherIp, free, rightBefore, "verify h1"],
    ["other ip, password refused before it changed", otherIp, free, wrongBefore, "verify h1"],
    ["other ip, password hashed as for a new device", otherIp, free, hashed, "verify h1"],
    ["other ip, password wrong", otherIp, free, wrong, "31"],
    ["other ip that is taken, password wrong", otherIp, ipTaken, wrong, "31"],
    ["other ip that is taken", otherIp, ipTaken, right, "12"],
    [
      "other ip that is taken, not checked yet: this is not revealed",
      otherIp,
      ipTaken,
      none,
      "verify h1",
    ],
    ["other ip", otherIp, free, right, "02 update"],
    ["other port, password wrong", otherPort, free, wrong, "31"],
    ["other port", otherPort, free, right, "02 update"],
    ["another device holds the MAC of a known one", otherIp, macTaken, right, "02 update"],
    ["new, another device holds the ip", null, ipTaken, none, "12"],
    ["new, another device holds ip and MAC", null, both, hashed, "12"],
    ["new, another device holds the MAC", null, macTaken, none, "13"],
    ["new, password not hashed", null, free, none, "hash"],
    ["new, password checked while it was known", null, free, right, "hash"],
    ["new", null, free, hashed, "00 insert"],
    ["text of a device that was sealed", locked, free, none, "94"],
    ["text of a device that was sealed, other MAC", { ...locked, mac: "x" }, free, right, "94"],
  ] as const)("%s", (_name, row, taken, proof, outcome) => {
    const decision = decideRegister(inText(proof), "replace", { own: row, ...taken });
    const store =
      decision.kind === "need" || decision.store === "nothing" ? "" : ` ${decision.store}`;
    expect(wordsOf(decision) + store).toBe(outcome);
    if (decision.kind === "done" && decision.store === "insert") expect(decision.hash).toBe("new");
    if (decision.kind === "done" && decision.store === "update") expect(decision.hash).toBe("h1");
    if (decision.kind !== "done") return;
    if (["01", "11", "31"].includes(decision.code)) expect(decision.hash).toBeNull();
    const holders: Record<string, string> = {
      11: `its MAC is ${row?.mac}`,
      12: "bsmith",
      13: "csmith",
    };
    expect(decision.holder).toBe(holders[decision.code] ?? "");
  });

  test.each([
    ["unknown", null, none, free, "31"],
    ["unknown, ip and MAC taken: this is not revealed", null, none, both, "31"],
    ["known", own, none, free, "01"],
    ["known, at another ip", otherIp, right, free, "02"],
  ] as const)("with a closed door: %s", (_name, row, proof, taken, outcome) => {
    expect(
      wordsOf(
        decideRegister({ ...inText(proof), sealed: true, join: "closed" }, "replace", {
          own: row,
          ...taken,
        }),
      ),
    ).toBe(outcome);
  });

  test.each([
    ["the same key, strict", key, "strict", right, "02"],
    ["another key, strict: it would move the address", otherKey, "strict", right, "31"],
    ["another key, strict, password not checked", otherKey, "strict", none, "verify h1"],
    ["another key, keys are replaced", otherKey, "replace", right, "02"],
  ] as const)("sealed, at another ip, %s", (_name, clientKey, keyPolicy, proof, outcome) => {
    const request = { ...inText(proof), sealed: true, clientKey };
    const rows = { own: { ...sealed, ip: "10.0.0.9" }, ...free };
    expect(wordsOf(decideRegister(request, keyPolicy, rows))).toBe(outcome);
  });

  test("a sealed request of a device that was sealed before is decided like any other", () => {
    const rows = { own: { ...otherIp, textLocked: true }, ...free };
    expect(wordsOf(decideRegister({ ...inText(right), sealed: true }, "replace", rows))).toBe("02");
  });
});

describe("DEREGISTER", () => {
  test.each([
    ["unknown id", null, none, "21"],
    ["unknown id, checked while it was known", null, right, "21"],
    ["password not checked", own, none, "verify h1"],
    ["password checked before it changed", own, rightBefore, "verify h1"],
    ["password refused before it changed", own, wrongBefore, "verify h1"],
    ["password wrong", own, wrong, "31"],
    ["password wrong and MAC differs: the MAC is not revealed", otherMac, wrong, "31"],
    ["MAC differs", otherMac, right, "30"],
    ["MAC differs, not checked yet", otherMac, none, "verify h1"],
    ["ip differs", otherIp, right, "30"],
    ["port differs, which does not matter", otherPort, right, "20"],
    ["the MAC in another notation", sameMac, right, "20"],
    ["all is the same", own, right, "20"],
    ["text of a device that was sealed", locked, right, "94"],
  ] as const)("%s", (_name, row, proof, outcome) => {
    const decision = decideDeregister(asked, proof, null, "replace", row);
    expect(wordsOf(decision)).toBe(outcome);
    if (decision.kind === "done") expect(decision.remove).toBe(outcome === "20");
  });

  test.each([
    ["the same key, strict", key, "strict", right, "20"],
    [
      "another key, strict: to register anew would replace the key",
      otherKey,
      "strict",
      right,
      "31",
    ],
    ["another key, strict, password not checked", otherKey, "strict", none, "verify h1"],
    ["another key, keys are replaced", otherKey, "replace", right, "20"],
  ] as const)("sealed, %s", (_name, clientKey, keyPolicy, proof, outcome) => {
    const decision = decideDeregister(asked, proof, clientKey, keyPolicy, sealed);
    expect(wordsOf(decision)).toBe(outcome);
  });

  test("sealed, a device that has no key yet, strict", () => {
    expect(wordsOf(decideDeregister(asked, right, key, "strict", own))).toBe("20");
  });
});

describe("LOGIN", () => {
  test.each([
    ["unknown id, not checked: takes the time of a check", null, none, null, "verify null"],
    ["unknown id, checked", null, unknownBefore, null, "31"],
    ["unknown id, checked while it was known", null, right, null, "verify null"],
    ["known, checked while it was unknown", own, unknownBefore, null, "verify h1"],
    ["password not checked", own, none, null, "verify h1"],
    ["password checked before it changed", own, rightBefore, null, "verify h1"],
    ["password refused before it changed", own, wrongBefore, null, "verify h1"],
    ["password wrong", own, wrong, null, "31"],
    ["password right", own, right, null, "70"],
    [
      "another ip and port than registered do not matter",
      { ...otherIp, port: 9 },
      right,
      null,
      "70",
    ],
    ["text of a device that was sealed", locked, right, null, "94"],
    ["sealed, for the first time", own, right, key, "70"],
    ["sealed, the same key", sealed, right, key, "70"],
    ["sealed, another key", sealed, right, otherKey, "70 key changed"],
    ["sealed, another key, password wrong", sealed, wrong, otherKey, "31"],
  ] as const)("%s", (_name, row, proof, clientKey, outcome) => {
    const decision = decideLogin(proof, clientKey, "replace", row);
    const changed = decision.kind === "done" && decision.keyChanged ? " key changed" : "";
    expect(wordsOf(decision) + changed).toBe(outcome);
  });

  test("another key in strict mode", () => {
    expect(wordsOf(decideLogin(right, otherKey, "strict", sealed))).toBe("31");
    expect(wordsOf(decideLogin(right, key, "strict", sealed))).toBe("70");
  });
});

describe("RESUME needs the client's key and the proof of its ticket", () => {
  const shown = new Uint8Array(32).fill(5);
  const proof = storedProof(shown);
  const ticketed = { ...sealed, storedProof: proof };
  test.each([
    ["both", ticketed, key, shown, "70"],
    ["the proof without the key", ticketed, otherKey, shown, "31"],
    ["the key without the proof", ticketed, key, new Uint8Array(32), "31"],
    ["the stored form of the proof", ticketed, key, proof, "31"],
    ["a device without a ticket", sealed, key, shown, "31"],
    ["a device without a key", { ...ticketed, sealedKey: null }, key, shown, "31"],
    ["unknown id", null, key, shown, "31"],
  ] as const)("%s", (_name, row, clientKey, seen, code) => {
    expect(decideResume(clientKey, seen, row)).toBe(code);
  });
});

type Decision =
  | ReturnType<typeof decideRegister>
  | ReturnType<typeof decideDeregister>
  | ReturnType<typeof decideLogin>;

function wordsOf(decision: Decision): string {
  if (decision.kind === "done") return decision.code;
  return decision.need.kind === "hash" ? "hash" : `verify ${decision.need.hash}`;
}
