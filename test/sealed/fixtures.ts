// What several tests of the envelope need: bytes from hex, fixed keys, a finished handshake. Asserts nothing itself.

import { initiate, Responder } from "../../lib/sealed/handshake.ts";
import type { Established, Initiation } from "../../lib/sealed/handshake.ts";
import { hash, x25519KeyPair } from "../../lib/sealed/primitives.ts";
import type { KeyPair } from "../../lib/sealed/primitives.ts";
import type { Result } from "../../lib/sealed/result.ts";
import { Transport } from "../../lib/sealed/transport.ts";

/** One vector: the bytes on the wire, and the decoded fields or the reason of the refusal. */
export interface Vector {
  readonly name: string;
  readonly clause: string;
  readonly wire: string;
  readonly fields?: Record<string, unknown>;
  readonly reject?: string;
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex);
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function fromText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** 32 bytes that depend on the label alone. */
export function fixedBytes(label: string): Uint8Array {
  return hash(fromText(label));
}

export function fixedPair(label: string): KeyPair {
  return x25519KeyPair(fixedBytes(label));
}

/** A copy with one bit flipped; bit 0 is the highest of the first byte. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >>> 3]! ^= 0x80 >>> (bit & 7);
  return copy;
}

/** The value of a result; throws if the result is a refusal. */
export function valueOf<Value>(result: Result<Value, string>): Value {
  if (!result.ok) throw new Error(`Refused: ${result.reason}`);
  return result.value;
}

/** The reason of a refusal; throws if the result is a value. */
export function reasonOf(result: Result<unknown, string>): string {
  if (result.ok) throw new Error("Accepted, and should have been refused.");
  return result.reason;
}

export const client = fixedPair("client");
export const server = fixedPair("server");
export const clientIndex = 0x01020304;
export const serverIndex = 0xfedcba98;

/** A handshake from the fixed client to the fixed server, with its INIT not yet sent. */
export function startHandshake(hsCounter = 1, psk?: Uint8Array): Initiation {
  const ephemeral = fixedPair(`client ephemeral ${hsCounter}`);
  return valueOf(
    initiate({
      local: client,
      remoteKey: server.publicKey,
      ephemeral,
      index: clientIndex,
      hsCounter,
      caps: 0,
      psk,
    }),
  );
}

/** Both sides of a finished handshake, and its RESP. */
export function finishHandshake(psk?: Uint8Array): {
  client: Established;
  server: Established;
  resp: Uint8Array;
  initiation: Initiation;
} {
  const initiation = startHandshake(1, psk);
  const read = valueOf(new Responder(server, psk).readInit(initiation.packet()));
  const answer = valueOf(read.answer(serverIndex, fixedPair("server ephemeral")));
  return {
    client: valueOf(initiation.complete(answer.packet)),
    server: answer.established,
    resp: answer.packet,
    initiation,
  };
}

/** The two transports of one session, created at 0 ms. */
export function session(): { client: Transport; server: Transport } {
  const sides = finishHandshake();
  return { client: new Transport(sides.client, 0), server: new Transport(sides.server, 0) };
}
