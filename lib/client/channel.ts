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

/** One text message that came in. */
export type Delivery = {
  /** The text message as received; its hash is taken over these bytes. */
  readonly bytes: Uint8Array;
  /** The source address, as the socket saw it. */
  readonly from: Address;
  /** The number of the request it answers where the channel can tell (sealed), else null. */
  readonly answers: number | null;
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
