// Owns the form of packets: type, size, reserved bytes, and the header of DATA. Every datagram comes
// through here first, so nothing here allocates. Never looks at what a mac or a tag covers.

import { isZero, readUint32, readUint64, writeUint32, writeUint64 } from "./bytes.ts";
import {
  cookiePacketBytes,
  dataBytesMin,
  datagramBytesMax,
  deadAfterMessages,
  frameBlockBytes,
  helloBytes,
  helloNonceBytes,
  initBytes,
  keyPacketBytes,
  macBytes,
  resetBytes,
  respBytes,
} from "./limits.ts";

/** The first byte of each packet. */
export const packetType = {
  hello: 1,
  key: 2,
  init: 3,
  resp: 4,
  cookie: 5,
  data: 6,
  reset: 7,
} as const;

/** Why bytes are not a packet. */
export type PacketReason = "type" | "size" | "reserved" | "version" | "counter";

/** The type and three zeros, before all else. */
export const headerBytes = 4;

/** What is wrong with the form of a packet, or undefined. Allocates nothing. */
export function packetFault(bytes: Uint8Array): PacketReason | undefined {
  if (bytes.length === 0) return "size";
  if (bytes[0] !== packetType.data) return handshakeFault(bytes);
  if (bytes.length < dataBytesMin || bytes.length > datagramBytesMax) return "size";
  if (bytes.length % frameBlockBytes !== 0) return "size";
  if (!isZero(bytes, 1, headerBytes)) return "reserved";
  // sealed, Rekey and replay: keys die at 2^24 messages, so a higher counter is never genuine.
  return dataCounter(bytes) < deadAfterMessages ? undefined : "counter";
}

/**
 * The index that a packet is for: of RESP, COOKIE, DATA and RESET.
 * @param bytes a packet without fault
 */
export function receiverOf(bytes: Uint8Array): number {
  return readUint32(bytes, bytes[0] === packetType.resp ? 8 : 4);
}

/** The counter of a DATA packet. Beyond 2^53 it is not exact, and above every limit. */
export function dataCounter(bytes: Uint8Array): number {
  return readUint64(bytes, 8);
}

/** Writes the 16 bytes before the ciphertext of DATA, which are also its associated data. */
export function writeDataHeader(bytes: Uint8Array, receiver: number, counter: number): void {
  bytes[0] = packetType.data;
  bytes[1] = 0;
  bytes[2] = 0;
  bytes[3] = 0;
  writeUint32(bytes, 4, receiver);
  writeUint64(bytes, 8, counter);
}

const handshakeSizes: readonly (number | undefined)[] = [
  undefined,
  helloBytes,
  keyPacketBytes,
  initBytes,
  respBytes,
  cookiePacketBytes,
  undefined,
  resetBytes,
];

function handshakeFault(bytes: Uint8Array): PacketReason | undefined {
  const size = handshakeSizes[bytes[0]!];
  if (size === undefined) return "type";
  if (bytes.length !== size) return "size";
  if (!isZero(bytes, 1, headerBytes)) return "reserved";
  switch (bytes[0]) {
    case packetType.hello:
      return isZero(bytes, headerBytes + helloNonceBytes, helloBytes) ? undefined : "reserved";
    case packetType.key:
      return bytes[20]! <= bytes[21]! ? undefined : "version";
    case packetType.resp:
      // sealed, Packets: only an INIT is ever asked for a cookie, so a RESP has no mac2.
      return isZero(bytes, respBytes - macBytes, respBytes) ? undefined : "reserved";
    default:
      return undefined;
  }
}
