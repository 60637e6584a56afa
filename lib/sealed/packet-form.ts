// Owns the form of packets: type, size, reserved bytes, and the header of DATA. Every sealed datagram is
// checked here first, so nothing here allocates. Never verifies a mac or a tag.

import { isZero, readUint32, readUint64, writeUint32, writeUint64 } from "./bytes.ts";
import {
  cookiePacketBytes,
  dataBytesMin,
  datagramBytesMax,
  deadAfterMessages,
  paddingBlockBytes,
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

/** The type and three zero bytes, at the start of every packet. */
export const headerBytes = 4;

/** Why the form of a packet is invalid, or undefined if it is valid. */
export function packetFault(bytes: Uint8Array): PacketReason | undefined {
  if (bytes.length === 0) return "size";
  if (bytes[0] !== packetType.data) return handshakeFault(bytes);
  if (bytes.length < dataBytesMin || bytes.length > datagramBytesMax) return "size";
  if (bytes.length % paddingBlockBytes !== 0) return "size";
  if (!isZero(bytes, 1, headerBytes)) return "reserved";
  // sealed, Rekey and replay: keys die at 2^24 messages, so a higher counter is never genuine.
  return dataCounter(bytes) < deadAfterMessages ? undefined : "counter";
}

/**
 * The receiver's index in a RESP, COOKIE, DATA or RESET.
 * @param bytes a packet in which `packetFault` found no fault
 */
export function receiverOf(bytes: Uint8Array): number {
  return readUint32(bytes, bytes[0] === packetType.resp ? 8 : 4);
}

/** The counter of a DATA packet. Above 2^53 it is not exact, but any such counter is far over the limit. */
export function dataCounter(bytes: Uint8Array): number {
  return readUint64(bytes, 8);
}

/** Writes the header of DATA at `at`: 16 bytes, which are also the associated data of its ciphertext. */
export function writeDataHeader(
  bytes: Uint8Array,
  receiver: number,
  counter: number,
  at = 0,
): void {
  bytes[at] = packetType.data;
  bytes[at + 1] = 0;
  bytes[at + 2] = 0;
  bytes[at + 3] = 0;
  writeUint32(bytes, at + 4, receiver);
  writeUint64(bytes, at + 8, counter);
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
      // sealed, Packets: only an INIT can be asked for a cookie, so mac2 of a RESP is always zeros.
      return isZero(bytes, respBytes - macBytes, respBytes) ? undefined : "reserved";
    default:
      return undefined;
  }
}
