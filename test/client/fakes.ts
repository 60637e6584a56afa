// Fakes for the tests of the client's core: a channel that keeps what was sent, messages as they arrive, seeded
// randomness. Opens no socket.

import type { Channel, Delivery, OutgoingText } from "../../lib/client/channel.ts";
import { RoundTrip } from "../../lib/client/round-trip.ts";
import { decode } from "../../lib/protocol/decode.ts";
import { encode, encodeAck } from "../../lib/protocol/encode.ts";
import type { Address, Message } from "../../lib/protocol/messages.ts";

export const server: Address = { ip: "192.0.2.1", port: 9000 };
export const stranger: Address = { ip: "192.0.2.66", port: 9000 };
export const peer: Address = { ip: "192.0.2.7", port: 1995 };

export type Sent = { readonly text: string; readonly to: Address; readonly request: bigint | null };

/** A channel that appends its datagrams to an array. */
export class FakeChannel implements Channel {
  readonly textBytesMax: number = 1200;
  readonly roundTrip = new RoundTrip();
  readonly sent: Sent[] = [];

  countInPacket(_texts: readonly string[]): number {
    return 1;
  }

  send(messages: readonly OutgoingText[], to: Address): void {
    for (const { text, msgid } of messages) this.sent.push({ text, to, request: msgid });
  }

  hurry(): void {}

  get last(): Sent {
    return this.sent.at(-1) as Sent;
  }
}

/** A text as it is delivered. */
export function delivered(text: string, from: Address, answers: bigint | null = null): Delivery {
  return { bytes: Buffer.from(text), from, answers };
}

/** A message as it is delivered. */
export function deliveredMessage(message: Message, from: Address): Delivery {
  return delivered(encode(message), from);
}

/** The ACK to a text. */
export function ackTo(text: string, code: string, reason = ""): string {
  return encodeAck(code, "asmith", "2026-11-22:09:14:06", Bun.SHA256.hash(text, "hex"), reason);
}

/** The message in a text; throws if it does not decode. */
export function messageIn(text: string): Message {
  const decoded = decode(Buffer.from(text));
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${JSON.stringify(text)}`);
  return decoded.message;
}

/** A generator of numbers from 0 to below 1, repeatable by seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
