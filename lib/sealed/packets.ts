// Owns the seven outer packets: their fields and the layout of each on the wire.
// Never verifies a mac or a tag, and never decrypts.

import { readUint16, readUint32, writeUint16, writeUint32 } from "./bytes.ts";
import {
  cookiePacketBytes,
  dataHeaderBytes,
  helloBytes,
  initBytes,
  initNoiseBytes,
  keyPacketBytes,
  macBytes,
  resetBytes,
  respBytes,
  respNoiseBytes,
  saltBytes,
} from "./limits.ts";
import {
  dataCounter,
  headerBytes,
  packetFault,
  packetType,
  writeDataHeader,
} from "./packet-form.ts";
import type { PacketReason } from "./packet-form.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";

/** Asks a server for its key. Longer than the KEY that answers it, so that the server amplifies nothing. */
export interface HelloPacket {
  readonly type: "hello";
  readonly nonce: Uint8Array;
}

/** Tells the server's key. Not authenticated: a handshake with this key proves it, by its RESP. */
export interface KeyPacket {
  readonly type: "key";
  readonly nonce: Uint8Array;
  readonly versionMin: number;
  readonly versionMax: number;
  readonly flags: number;
  readonly publicKey: Uint8Array;
}

export interface InitPacket {
  readonly type: "init";
  readonly sender: number;
  /** The first Noise message, 108 bytes. */
  readonly noise: Uint8Array;
  readonly mac1: Uint8Array;
  readonly mac2: Uint8Array;
}

export interface RespPacket {
  readonly type: "resp";
  readonly sender: number;
  readonly receiver: number;
  /** The second Noise message, 48 bytes. */
  readonly noise: Uint8Array;
  readonly mac1: Uint8Array;
}

export interface CookiePacket {
  readonly type: "cookie";
  readonly receiver: number;
  readonly salt: Uint8Array;
  /** The sealed cookie, 32 bytes. */
  readonly sealed: Uint8Array;
}

export interface DataPacket {
  readonly type: "data";
  readonly receiver: number;
  /** 0 to 2^24 - 1. */
  readonly counter: number;
  /** The sealed frames and their tag, 32 bytes or more. */
  readonly sealed: Uint8Array;
}

export interface ResetPacket {
  readonly type: "reset";
  /** The receiver index of the DATA packet that caused the RESET: the sender of the RESET does not know it. */
  readonly receiver: number;
  /** The last 16 bytes of the DATA packet that caused the RESET. */
  readonly tag: Uint8Array;
}

export type Packet =
  HelloPacket | KeyPacket | InitPacket | RespPacket | CookiePacket | DataPacket | ResetPacket;

const keyAt = 24;
const saltAt = 8;
const sealedCookieAt = saltAt + saltBytes;
const initNoiseAt = 8;
const respNoiseAt = 12;

/**
 * Decodes one datagram. The fields are views into `bytes`, not copies.
 * @returns the packet, or a reason; never throws
 */
export function decodePacket(bytes: Uint8Array): Result<Packet, PacketReason> {
  const fault = packetFault(bytes);
  if (fault !== undefined) return reject(fault);
  switch (bytes[0]) {
    case packetType.hello:
      return accept({ type: "hello", nonce: bytes.subarray(headerBytes, 20) });
    case packetType.key:
      return accept({
        type: "key",
        nonce: bytes.subarray(headerBytes, 20),
        versionMin: bytes[20]!,
        versionMax: bytes[21]!,
        flags: readUint16(bytes, 22),
        publicKey: bytes.subarray(keyAt),
      });
    case packetType.init:
      return accept(splitInit(bytes));
    case packetType.resp:
      return accept(splitResp(bytes));
    case packetType.cookie:
      return accept({
        type: "cookie",
        receiver: readUint32(bytes, 4),
        salt: bytes.subarray(saltAt, sealedCookieAt),
        sealed: bytes.subarray(sealedCookieAt),
      });
    case packetType.data:
      return accept({
        type: "data",
        receiver: readUint32(bytes, 4),
        counter: dataCounter(bytes),
        sealed: bytes.subarray(dataHeaderBytes),
      });
    default:
      return accept({ type: "reset", receiver: readUint32(bytes, 4), tag: bytes.subarray(8) });
  }
}

/** Encodes one packet. The caller gives each field the size in the table of SEALED.md. */
export function encodePacket(packet: Packet): Uint8Array {
  switch (packet.type) {
    case "hello":
      return assemble(helloBytes, packetType.hello, [[4, packet.nonce]]);
    case "key": {
      const bytes = assemble(keyPacketBytes, packetType.key, [
        [4, packet.nonce],
        [keyAt, packet.publicKey],
      ]);
      bytes[20] = packet.versionMin;
      bytes[21] = packet.versionMax;
      writeUint16(bytes, 22, packet.flags);
      return bytes;
    }
    case "init": {
      const bytes = assemble(initBytes, packetType.init, [
        [initNoiseAt, packet.noise],
        [initBytes - 2 * macBytes, packet.mac1],
        [initBytes - macBytes, packet.mac2],
      ]);
      writeUint32(bytes, 4, packet.sender);
      return bytes;
    }
    case "resp": {
      const bytes = assemble(respBytes, packetType.resp, [
        [respNoiseAt, packet.noise],
        [respBytes - 2 * macBytes, packet.mac1],
      ]);
      writeUint32(bytes, 4, packet.sender);
      writeUint32(bytes, 8, packet.receiver);
      return bytes;
    }
    case "cookie": {
      const bytes = assemble(cookiePacketBytes, packetType.cookie, [
        [saltAt, packet.salt],
        [sealedCookieAt, packet.sealed],
      ]);
      writeUint32(bytes, 4, packet.receiver);
      return bytes;
    }
    case "data": {
      const bytes = new Uint8Array(dataHeaderBytes + packet.sealed.length);
      writeDataHeader(bytes, packet.receiver, packet.counter);
      bytes.set(packet.sealed, dataHeaderBytes);
      return bytes;
    }
    case "reset": {
      const bytes = assemble(resetBytes, packetType.reset, [[8, packet.tag]]);
      writeUint32(bytes, 4, packet.receiver);
      return bytes;
    }
  }
}

function splitInit(bytes: Uint8Array): InitPacket {
  return {
    type: "init",
    sender: readUint32(bytes, 4),
    noise: bytes.subarray(initNoiseAt, initNoiseAt + initNoiseBytes),
    mac1: bytes.subarray(initBytes - 2 * macBytes, initBytes - macBytes),
    mac2: bytes.subarray(initBytes - macBytes),
  };
}

function splitResp(bytes: Uint8Array): RespPacket {
  return {
    type: "resp",
    sender: readUint32(bytes, 4),
    receiver: readUint32(bytes, 8),
    noise: bytes.subarray(respNoiseAt, respNoiseAt + respNoiseBytes),
    mac1: bytes.subarray(respBytes - 2 * macBytes, respBytes - macBytes),
  };
}

function assemble(
  size: number,
  type: number,
  parts: readonly (readonly [at: number, part: Uint8Array])[],
): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = type;
  for (const [at, part] of parts) bytes.set(part, at);
  return bytes;
}
