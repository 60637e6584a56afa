// A channel that keeps what was sent, and a virtual clock that drives an engine: for the tests of the client's core.

import type { Channel, Delivery } from "../../lib/client/channel.ts";
import { decode } from "../../lib/protocol/decode.ts";
import { encode, encodeAck } from "../../lib/protocol/encode.ts";
import type { Address, Message } from "../../lib/protocol/messages.ts";

export const server: Address = { ip: "192.0.2.1", port: 9000 };
export const stranger: Address = { ip: "192.0.2.66", port: 9000 };
export const peer: Address = { ip: "192.0.2.7", port: 1995 };

export type Sent = { readonly text: string; readonly to: Address; readonly request: number | null };

/** A channel whose datagrams go into an array. */
export class FakeChannel implements Channel {
  readonly textBytesMax: number = 1200;
  readonly sent: Sent[] = [];

  send(text: string, to: Address, request: number | null): void {
    this.sent.push({ text, to, request });
  }

  get last(): Sent {
    return this.sent.at(-1) as Sent;
  }
}

/** A text as it comes in. */
export function delivered(text: string, from: Address, answers: number | null = null): Delivery {
  return { bytes: Buffer.from(text), from, answers };
}

/** A message as it comes in. */
export function deliveredMessage(message: Message, from: Address): Delivery {
  return delivered(encode(message), from);
}

/** The ACK to a text that was sent. */
export function ackTo(text: string, code: string, reason = ""): string {
  return encodeAck(code, "asmith", "2026-11-22:09:14:06", Bun.SHA256.hash(text, "hex"), reason);
}

/** The message in a text, which must be one. */
export function messageIn(text: string): Message {
  const decoded = decode(Buffer.from(text));
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${JSON.stringify(text)}`);
  return decoded.message;
}

/** A small random generator with a seed (mulberry32), from 0 to 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
