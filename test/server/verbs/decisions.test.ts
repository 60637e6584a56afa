// The rules of REGISTER, DEREGISTER and LOGIN as tables: one line per row of the protocol's tables (§4), in their
// order, combined with what is known of the password.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Proof } from "../../../lib/server/passwords/proof.ts";
import { decideDeregister } from "../../../lib/server/verbs/deregister.ts";
import { decideLogin } from "../../../lib/server/verbs/login.ts";
import { decideResume } from "../../../lib/server/verbs/resume.ts";
import { storedProof } from "../../../lib/sealed/ticket.ts";
import { decideRegister, type Registration } from "../../../lib/server/verbs/register.ts";
import type { DeviceRow, DeviceSecrets } from "../../../lib/server/rows.ts";
import type { Judged } from "../../../lib/server/passwords/proof.ts";
import type { Decision } from "../../../lib/server/store-port.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { defaultPolicy } from "../default-policy.ts";

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
const own: DeviceRow & DeviceSecrets = {
  ...asked,
  registered: 0,
  repeats: 0,
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

const inText = (proof: Proof): Registration => ({
  device: asked,
  proof,
  sealed: false,
  clientKey: null,
  at: 7,
  request: null,
});

describe("REGISTER: the first row that fits", () => {
  const free = { labels: null, commands: [], ipHolder: null, macHolder: null };
  const ipTaken = { labels: null, commands: [], ipHolder: "bsmith", macHolder: null };
  const macTaken = { labels: null, commands: [], ipHolder: null, macHolder: "csmith" };
  const both = { labels: null, commands: [], ipHolder: "bsmith", macHolder: "csmith" };
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
    const decision = decideRegister(inText(proof), defaultPolicy, { device: row, ...taken });
    const stored = decision.writes.map(({ kind }) => ` ${kind.split("-")[0]}`).join("");
    expect(wordsOf(decision) + stored).toBe(outcome);
    const judged = decision.outcome;
    if (judged.kind !== "done") return;
    if (stored === " insert") expect(judged.hash).toBe("new");
    if (stored === " update") expect(judged.hash).toBe("h1");
    if (["01", "11", "31"].includes(judged.code)) expect(judged.hash).toBeNull();
    const holders: Record<string, string> = {
      11: `its MAC is ${row?.mac}`,
      12: "bsmith",
      13: "csmith",
    };
    expect(judged.holder).toBe(holders[judged.code] ?? "");
  });

  test.each([
    ["unknown", null, none, free, "31"],
    ["unknown, ip and MAC taken: this is not revealed", null, none, both, "31"],
    ["known", own, none, free, "01"],
    ["known, at another ip", otherIp, right, free, "02"],
  ] as const)("with a closed door: %s", (_name, row, proof, taken, outcome) => {
    const closed = { ...defaultPolicy, join: "closed" } as const;
    const rows = { device: row, ...taken };
    expect(wordsOf(decideRegister({ ...inText(proof), sealed: true }, closed, rows))).toBe(outcome);
  });

  test.each([
    ["the same key, strict", key, "strict", right, "02"],
    ["another key, strict: it would move the address", otherKey, "strict", right, "31"],
    ["another key, strict, password not checked", otherKey, "strict", none, "verify h1"],
    ["another key, keys are replaced", otherKey, "replace", right, "02"],
  ] as const)("sealed, at another ip, %s", (_name, clientKey, keyPolicy, proof, outcome) => {
    const request = { ...inText(proof), sealed: true, clientKey };
    const rows = { device: { ...sealed, ip: "10.0.0.9" }, ...free };
    expect(wordsOf(decideRegister(request, { ...defaultPolicy, keyPolicy }, rows))).toBe(outcome);
  });

  test("a sealed request of a device that was sealed before is decided like any other", () => {
    const rows = { device: { ...otherIp, textLocked: true }, ...free };
    const request = { ...inText(right), sealed: true };
    expect(wordsOf(decideRegister(request, defaultPolicy, rows))).toBe("02");
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
    const decision = decideDeregister(inText(proof), "replace", { device: row });
    expect(wordsOf(decision)).toBe(outcome);
    const kinds = decision.writes.map(({ kind }) => kind);
    expect(kinds).toEqual(outcome === "20" ? ["remove-device", "end-open-session"] : []);
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
    const request = { ...inText(proof), clientKey };
    const decision = decideDeregister(request, keyPolicy, { device: sealed });
    expect(wordsOf(decision)).toBe(outcome);
  });

  test("sealed, a device that has no key yet, strict", () => {
    const request = { ...inText(right), clientKey: key };
    expect(wordsOf(decideDeregister(request, "strict", { device: own }))).toBe("20");
  });
});

const address = { ip: "10.0.0.1", port: 1994 };

function loginOf(
  proof: Proof,
  clientKey: Uint8Array | null,
  keyPolicy: "replace" | "strict",
  device: (DeviceRow & DeviceSecrets) | null,
) {
  const seal = clientKey === null ? null : { clientKey, storedProof: new Uint8Array(32) };
  const login = { id: "asmith", proof, seal, source: address, stated: address, at: 7 };
  return decideLogin(login, keyPolicy, { device, session: null, commands: [] });
}

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
    ["text of a device that was sealed, password not checked", locked, none, null, "94"],
    ["text of a device that was sealed, password wrong", locked, wrong, null, "94"],
    ["sealed, for the first time", own, right, key, "70"],
    ["sealed, the same key", sealed, right, key, "70"],
    ["sealed, another key", sealed, right, otherKey, "70 key changed"],
    ["sealed, another key, password wrong", sealed, wrong, otherKey, "31"],
  ] as const)("%s", (_name, row, proof, clientKey, outcome) => {
    const decision = loginOf(proof, clientKey, "replace", row);
    const { outcome: judged } = decision;
    const changed = judged.kind === "done" && judged.keyChanged ? " key changed" : "";
    expect(wordsOf(decision) + changed).toBe(outcome);
    // Whoever gets a hash is remembered as right: only a password that was checked.
    const proven = proof.kind === "verified" && row !== null && proof.hash === row.hash;
    if (judged.kind === "done") expect(judged.hash).toBe(proven ? "h1" : null);
    const isIn = outcome.startsWith("70");
    const kinds = [
      ...(isIn && clientKey !== null ? ["update-device"] : []),
      ...(isIn ? ["end-open-session", "open-session"] : []),
    ];
    expect(decision.writes.map(({ kind }): string => kind)).toEqual(kinds);
  });

  test("another key in strict mode", () => {
    expect(wordsOf(loginOf(right, otherKey, "strict", sealed))).toBe("31");
    expect(wordsOf(loginOf(right, key, "strict", sealed))).toBe("70");
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
    const resume = { id: "asmith", clientKey, shown: seen, source: address, stated: address };
    const { outcome, writes } = decideResume(
      { ...resume, at: 7 },
      { device: row, session: null, commands: [] },
    );
    expect(outcome.code).toBe(code);
    const kinds = code === "70" ? ["end-open-session", "open-session"] : [];
    expect(writes.map(({ kind }): string => kind)).toEqual(kinds);
  });
});

function wordsOf({ outcome }: Decision<Judged>): string {
  if (outcome.kind === "done") return outcome.code;
  return outcome.need.kind === "hash" ? "hash" : `verify ${outcome.need.hash}`;
}
