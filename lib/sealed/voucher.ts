// Owns the voucher: the server's signed statement that one device may ask another, and with which keys.
// Never reads a clock or looks up a device: the caller passes in what it expects.

import { readUint64, writeUint64 } from "./bytes.ts";
import { encodeId, readId } from "./ids.ts";
import { keyBytes, signatureBytes, voucherContext } from "./limits.ts";
import { equal, signEd25519, verifyEd25519 } from "./primitives.ts";
import type { KeyPair } from "./primitives.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";

/** Who may ask whom, under which X25519 keys (32 bytes each), and until when. */
export interface VoucherClaim {
  readonly askerId: string;
  readonly askerKey: Uint8Array;
  readonly targetId: string;
  readonly targetKey: Uint8Array;
  /** Seconds since 1970, 0 to 2^53 - 1; from this second on the voucher is expired. */
  readonly expiry: number;
}

export interface Voucher extends VoucherClaim {
  /** Ed25519, 64 bytes; decoding does not verify it. */
  readonly signature: Uint8Array;
}

/** Why bytes are not a voucher. */
export type VoucherFormReason = "length" | "id" | "expiry-range";

/** Why a well-formed voucher is refused. */
export type VoucherReason = "signature" | "expired" | "asker" | "target";

/** What the receiver of a voucher already knows and compares with it. */
export interface VoucherExpectation {
  /** The server's Ed25519 key from the TICKET, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** The asker's static key, 32 bytes; on the target's side, the remote key of the handshake. */
  readonly askerKey: Uint8Array;
  readonly targetId: string;
  /** The target's static key, 32 bytes. The asker omits it: it learns this key from the voucher. */
  readonly targetKey?: Uint8Array | undefined;
  /** The asker gives its own id. The target omits it: it learns this id from the voucher. */
  readonly askerId?: string | undefined;
  /** Seconds since 1970. */
  readonly nowSeconds: number;
}

const context = new TextEncoder().encode(voucherContext);

/** Encodes a voucher and signs it with the server's Ed25519 pair. */
export function signVoucher(claim: VoucherClaim, server: KeyPair): Uint8Array {
  const unsigned = encodeClaim(claim);
  return Buffer.concat([unsigned, signEd25519(server, Buffer.concat([context, unsigned]))]);
}

/** Encodes a voucher with its existing signature. */
export function encodeVoucher(voucher: Voucher): Uint8Array {
  return Buffer.concat([encodeClaim(voucher), voucher.signature]);
}

/** Decodes a voucher; `bytes` must hold it and nothing more. Keys and signature are views into `bytes`. */
export function decodeVoucher(bytes: Uint8Array): Result<Voucher, VoucherFormReason> {
  const askerId = readId(bytes, 0);
  if (!askerId.ok) return askerId;
  const askerKeyAt = 1 + bytes[0]!;
  const targetAt = askerKeyAt + keyBytes;
  const targetId = readId(bytes, targetAt);
  if (!targetId.ok) return targetId;
  const targetKeyAt = targetAt + 1 + bytes[targetAt]!;
  const expiryAt = targetKeyAt + keyBytes;
  const signatureAt = expiryAt + 8;
  if (bytes.length !== signatureAt + signatureBytes) return reject("length");
  const expiry = readUint64(bytes, expiryAt);
  if (!Number.isSafeInteger(expiry)) return reject("expiry-range");
  return accept({
    askerId: askerId.value,
    askerKey: bytes.subarray(askerKeyAt, targetAt),
    targetId: targetId.value,
    targetKey: bytes.subarray(targetKeyAt, expiryAt),
    expiry,
    signature: bytes.subarray(signatureAt),
  });
}

/**
 * Checks a voucher against what the receiver expects. Ids, keys and time are compared first: verifying the
 * signature costs a hundred times as much.
 * @returns why the voucher is refused, or undefined if it is valid
 */
export function voucherFault(
  voucher: Voucher,
  expected: VoucherExpectation,
): VoucherReason | undefined {
  if (voucher.expiry <= expected.nowSeconds) return "expired";
  if (!equal(voucher.askerKey, expected.askerKey)) return "asker";
  if (expected.askerId !== undefined && voucher.askerId !== expected.askerId) return "asker";
  if (voucher.targetId !== expected.targetId) return "target";
  const targetKey = expected.targetKey;
  if (targetKey !== undefined && !equal(voucher.targetKey, targetKey)) return "target";
  const signed = Buffer.concat([context, encodeClaim(voucher)]);
  const genuine = verifyEd25519(expected.serverKey, signed, voucher.signature);
  return genuine ? undefined : "signature";
}

function encodeClaim(claim: VoucherClaim): Uint8Array {
  const expiry = new Uint8Array(8);
  writeUint64(expiry, 0, claim.expiry);
  return Buffer.concat([
    encodeId(claim.askerId),
    claim.askerKey,
    encodeId(claim.targetId),
    claim.targetKey,
    expiry,
  ]);
}
