// Vouchers: valid for one pair of devices, under one server, for a limited time.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ed25519KeyPair, signEd25519 } from "../../lib/sealed/primitives.ts";
import { decodeVoucher, signVoucher, voucherFault } from "../../lib/sealed/voucher.ts";
import type { VoucherExpectation, VoucherReason } from "../../lib/sealed/voucher.ts";
import vectors from "../../lib/sealed/vectors/proofs.json";
import { fixedPair, fromHex, flipBit, toHex, valueOf } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const vector = vectors.voucher;
const signer = ed25519KeyPair(fromHex(vector.serverSeed));
const claim = {
  askerId: vector.askerId,
  askerKey: fromHex(vector.askerKey),
  targetId: vector.targetId,
  targetKey: fromHex(vector.targetKey),
  expiry: vector.expiry,
};
const expected: VoucherExpectation = {
  serverKey: fromHex(vector.serverPublic),
  askerKey: claim.askerKey,
  targetId: claim.targetId,
  targetKey: claim.targetKey,
  nowSeconds: claim.expiry - 3_600,
};
const wire = fromHex(vector.wire);
const voucher = valueOf(decodeVoucher(wire));

test("the vector: the same signature, decoded and verified", () => {
  expect(toHex(signer.publicKey)).toBe(vector.serverPublic);
  expect(toHex(signVoucher(claim, signer))).toBe(vector.wire);
  expect(voucher).toMatchObject({ askerId: "asmith", targetId: "bsmith", expiry: claim.expiry });
  expect(voucherFault(voucher, expected)).toBeUndefined();
});

test("the asker checks it under its own id, without the target's key", () => {
  const { targetKey: _, ...rest } = expected;
  expect(voucherFault(voucher, { ...rest, askerId: "asmith" })).toBeUndefined();
  expect(voucherFault(voucher, { ...rest, askerId: "csmith" })).toBe("asker");
});

describe("is refused", () => {
  const other = fixedPair("other").publicKey;
  test.each<[string, Partial<VoucherExpectation>, VoucherReason]>([
    ["at its last second", { nowSeconds: claim.expiry }, "expired"],
    ["after it", { nowSeconds: claim.expiry + 1 }, "expired"],
    ["from another asker's key", { askerKey: other }, "asker"],
    ["for another target", { targetId: "bsmit" }, "target"],
    ["for a target in other case", { targetId: "Bsmith" }, "target"],
    ["for another key of the target", { targetKey: other }, "target"],
    ["under another server", { serverKey: ed25519KeyPair(other).publicKey }, "signature"],
    ["under a key that is none", { serverKey: new Uint8Array(5) }, "signature"],
  ])("%s", (_, change, reason) => {
    expect(voucherFault(voucher, { ...expected, ...change })).toBe(reason);
  });

  test("one second before its expiry it is still valid", () => {
    expect(voucherFault(voucher, { ...expected, nowSeconds: claim.expiry - 1 })).toBeUndefined();
  });

  test("when forged by another signer", () => {
    const forged = signVoucher(claim, ed25519KeyPair(other));
    expect(voucherFault(valueOf(decodeVoucher(forged)), expected)).toBe("signature");
  });

  test("with an expiry later than the signed one", () => {
    const longer = { ...voucher, expiry: voucher.expiry + 1 };
    expect(voucherFault(longer, expected)).toBe("signature");
  });

  test("when the signature lacks its context", () => {
    const unsigned = wire.subarray(0, wire.length - 64);
    const bare = { ...voucher, signature: signEd25519(signer, unsigned) };
    expect(voucherFault(bare, expected)).toBe("signature");
  });

  test("with any bit flipped", () => {
    for (let bit = 0; bit < wire.length * 8; bit++) {
      const decoded = decodeVoucher(flipBit(wire, bit));
      const good = decoded.ok && voucherFault(decoded.value, expected) === undefined;
      expect(good, `bit ${bit}`).toBe(false);
    }
  });
});
