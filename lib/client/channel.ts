// The interface between the engine and the transport of its text messages: plain datagrams or the sealed envelope. The
// engine never sees a packet, a key or a socket; a channel never sees a queue or a retry.

import { canonicalIp } from "../protocol/ip.ts";
import type { Address } from "../protocol/messages.ts";
import type { RoundTrip } from "./round-trip.ts";

/** A text message to send. */
export type OutgoingText = {
  /** As `encode` writes it. */
  readonly text: string;
  /**
   * The msgid of a request, the same for every retry of it, also after a new handshake or a restart; null for an answer.
   * Plain text does not contain it.
   */
  readonly msgid: bigint | null;
};

/** Carries text messages to the server and to other devices. */
export type Channel = {
  /** Longest text message it can carry, in bytes: at most 1,200, minus the overhead of an envelope. */
  readonly textBytesMax: number;
  /**
   * How many reports one packet to the server carries, from the first on: 1 or more. Plain text carries one.
   * @param texts the messages, as `encode` writes them; at least one
   */
  countInPacket(texts: readonly string[]): number;
  /**
   * Sends text messages, in order and in one packet if one carries them. They may be lost, as on a network. Throws only the
   * OperatingError of a sealed client whose state on the disk cannot be read or written.
   * @param to the destination
   */
  send(messages: readonly OutgoingText[], to: Address): void;
  /** How long the server takes to answer, as the channel and those who use it have measured. */
  readonly roundTrip: RoundTrip;
  /** Ends the wait before the next try to reach the server, if the channel is in one: it may be back. */
  hurry(): void;
};

/** Why there is no link to the server. A text channel has no links, and so never has trouble. */
export type Trouble =
  /** Nothing answered, not even to HELLO: the server is away, or speaks text only. */
  | "no-key"
  /** The server sent its key but did not complete the handshake. */
  | "no-response"
  /** The server's RESP does not verify: the shared secrets differ. */
  | "wrong-secret"
  /** The server supports only versions of the envelope before ours, or only later ones. */
  | "older-server"
  | "newer-server";

/** The result of a call to another device, that is of making a sealed link to it. */
export type CallResult =
  /** The link is open: messages to the device's address are sealed from now on. */
  | { readonly kind: "open"; readonly via: "direct" | "relayed" }
  /** The server said (ERROR frame) that the device is logged in without the envelope. */
  | { readonly kind: "text" }
  /** Neither the server's voucher nor its ERROR frame arrived. */
  | { readonly kind: "no-voucher" }
  | { readonly kind: "failed"; readonly why: string };

/** A channel that also receives datagrams and has timers. */
export type Carrier = Channel & {
  readonly kind: "text" | "sealed";
  /**
   * Takes a datagram; a text message in it is passed on as a `Delivery`.
   * @param from the source address, as the socket saw it
   */
  receive(bytes: Uint8Array, from: Address): void;
  /** When `tick` is to be called next, in ms; null for never. */
  readonly wakeAt: number | null;
  /** What prevents a link to the server, or null. */
  readonly trouble: Trouble | null;
  tick(now: number): void;
  /**
   * Makes a link to another device whose address the server has just told. Null in a text channel, where devices
   * exchange plain datagrams.
   * @param at the device's address
   * @param onResult called once, possibly before `call` returns
   */
  readonly call:
    ((target: string, at: Address, onResult: (result: CallResult) => void) => void) | null;
  /** The server's address is that of another server now: begins anew there. What was measured of the former is forgotten. */
  moved(): void;
  /** Sends CLOSE over the links that this client opened; nothing is sent afterwards. */
  close(): void;
};

/** A way to answer the sender of a message: over the link that the message came by. */
export type Way = {
  /** Longest text message that can be sent this way, in bytes. */
  readonly textBytesMax: number;
  send(text: string): void;
};

/** One received text message. */
export type Delivery = {
  /** The text message as received; its hash is taken over these bytes. */
  readonly bytes: Uint8Array;
  /** The source address, as the socket saw it. */
  readonly from: Address;
  /** The msgid of the request it answers if the channel can tell (sealed), else null. */
  readonly answers: bigint | null;
  /** How to answer it; left out if the answer goes to `from`. */
  readonly way?: Way;
};

/** The server's answer to several requests of one packet: all of them got the same code. */
export type Receipt = {
  /** 40 or 50. */
  readonly code: string;
  readonly msgids: readonly bigint[];
};

/**
 * Whether two addresses are the same host. All of 127.0.0.0/8 is this host: an answer from a server that was asked at
 * 127.0.0.2 may have the source address 127.0.0.1.
 * @param a an IP literal
 * @param b an IP literal
 */
export function sameHost(a: string, b: string): boolean {
  const [one, other] = [canonicalIp(a), canonicalIp(b)];
  return one === other || (isLoopback(one) && isLoopback(other));
}

/** Whether two addresses are the same port of the same host; see `sameHost`. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && sameHost(a.ip, b.ip);
}

function isLoopback(ip: string): boolean {
  return ip === "::1" || ip.startsWith("127.");
}
