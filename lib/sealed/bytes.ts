// Owns reading and writing the envelope's integers: big-endian, unsigned.
// Never checks that the bytes are there: the caller has checked the length.

const wordRange = 2 ** 32;
// Arithmetic on bigints allocates one at each step; a DataView allocates only the result.
const eightBytes = new DataView(new ArrayBuffer(8));

/** Reads 2 bytes: 0 to 65,535. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Reads 4 bytes: 0 to 2^32 - 1. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

/** Reads 8 bytes as a number. It is exact up to 2^53 - 1 only: check it with Number.isSafeInteger. */
export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * wordRange + readUint32(bytes, at + 4);
}

/** Reads 8 bytes as a bigint, which is always exact: 0 to 2^64 - 1. */
export function readBigUint64(bytes: Uint8Array, at: number): bigint {
  eightBytes.setUint32(0, readUint32(bytes, at));
  eightBytes.setUint32(4, readUint32(bytes, at + 4));
  return eightBytes.getBigUint64(0);
}

/** Writes 2 bytes. */
export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes 4 bytes. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes 8 bytes from a number of 0 to 2^53 - 1. */
export function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  writeUint32(bytes, at, Math.floor(value / wordRange));
  writeUint32(bytes, at + 4, value >>> 0);
}

/** Writes 8 bytes from a bigint of 0 to 2^64 - 1. */
export function writeBigUint64(bytes: Uint8Array, at: number, value: bigint): void {
  eightBytes.setBigUint64(0, value);
  writeUint32(bytes, at, eightBytes.getUint32(0));
  writeUint32(bytes, at + 4, eightBytes.getUint32(4));
}

/** Whether every byte from `start` up to `end` is zero. */
export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
