// The seam between the engine and whatever carries its text messages: plain datagrams, or the sealed envelope. The
// engine never sees a packet, a key or a socket; a channel never sees a queue or a retry.

import { canonicalIp } from "../protocol/ip.ts";
import type { Address } from "../protocol/messages.ts";

/** Carries text messages to the server and to other devices. */
export type Channel = {
  /** Longest text message it can carry, in bytes: at most 1,200, less what an envelope takes. */
  readonly textBytesMax: number;
  /**
   * Sends one text message, or loses it as a network would; never throws.
   * @param text the message, as `encode` writes it
   * @param to where it goes
   * @param request the number of the request it is, equal for every retry of it, also after a new handshake; null for
   *   an answer. A sealed channel keeps one msgid for one number.
   */
  send(text: string, to: Address, request: number | null): void;
};

/** Why there is no link to the server; a channel without links has none. */
export type Trouble =
  /** Nothing answered, not even with a key: it is away, or speaks text only. */
  | "no-key"
  /** It told its key and did not complete the handshake. */
  | "no-response"
  /** Its responses do not open: the shared secrets differ. */
  | "wrong-secret"
  /** It speaks other versions of the envelope. */
  | "version";

/** What became of calling another device. */
export type CallResult =
  /** Messages to its address go sealed from now on. */
  | { readonly kind: "open"; readonly via: "direct" | "relayed" }
  /** The server's word: the device is logged in without the envelope. */
  | { readonly kind: "text" }
  /** The server's word for it got lost. */
  | { readonly kind: "no-voucher" }
  | { readonly kind: "failed"; readonly why: string };

/** A channel with a life of its own: it takes datagrams and wants to be called at times. */
export type Carrier = Channel & {
  readonly kind: "text" | "sealed";
  /**
   * Takes a datagram; the text messages in it come out as deliveries.
   * @param from the source address, as the socket saw it
   */
  receive(bytes: Uint8Array, from: Address): void;
  /** When `tick` wants to be called, in ms; null for never. */
  readonly wakeAt: number | null;
  /** What stands in the way of a link to the server, or null. */
  readonly trouble: Trouble | null;
  tick(now: number): void;
  /**
   * Makes a link to another device whose address the server has just told; null where devices are spoken to in text.
   * @param at where the server says it is
   * @param onResult called once, perhaps at once
   */
  readonly call:
    ((target: string, at: Address, onResult: (result: CallResult) => void) => void) | null;
  /** Says goodbye where that is due; nothing is sent any more. */
  close(): void;
};

/** The way back to who sent a message, where it is not the address it came from: the link it came over. */
export type Way = {
  /** Longest text message that goes this way, in bytes. */
  readonly textBytesMax: number;
  send(text: string): void;
};

/** One text message that came in. */
export type Delivery = {
  /** The text message as received; its hash is taken over these bytes. */
  readonly bytes: Uint8Array;
  /** The source address, as the socket saw it. */
  readonly from: Address;
  /** The number of the request it answers where the channel can tell (sealed), else null. */
  readonly answers: number | null;
  /** How it is answered; left out where its address is the way. */
  readonly way?: Way;
};

/**
 * Whether two addresses are the same host. All of 127.0.0.0/8 is this host: an answer from 127.0.0.2 leaves as 127.0.0.1.
 * @param a an IP literal
 * @param b an IP literal
 */
export function sameHost(a: string, b: string): boolean {
  const [one, other] = [canonicalIp(a), canonicalIp(b)];
  return one === other || (isLoopback(one) && isLoopback(other));
}

function isLoopback(ip: string): boolean {
  return ip === "::1" || ip.startsWith("127.");
}
