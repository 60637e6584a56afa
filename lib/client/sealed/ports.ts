// The ports of the sealed client: time, random bytes, its key, the state on the disk, sending. Types only; lib/io and
// the commands implement them, tests use fakes.

import type { Address } from "../../protocol/messages.ts";
import type { KeyPair } from "../../sealed/primitives.ts";
import type { Delivery, Receipt, Trouble } from "../channel.ts";

/** What a LOGIN yields: the ticket for a RESUME, and the key that verifies the server's vouchers. */
export type Ticket = {
  /** 32 bytes. */
  readonly ticket: Uint8Array;
  /** The server's Ed25519 key, 32 bytes: it signs vouchers. */
  readonly signingKey: Uint8Array;
};

/** The ports. They may throw an OperatingError, which passes through the engine to the caller. */
export type SealedPorts = {
  /** The device's static key. */
  readonly local: KeyPair;
  /** The pre-shared key, 32 bytes, or undefined for none. */
  readonly psk: Uint8Array | undefined;
  /** Sends one datagram; it may be lost, as on a network. */
  send(payload: string | Uint8Array, to: Address): void;
  /** Monotonic time in ms. */
  now(): number;
  /** Milliseconds since 1970. */
  time(): number;
  /** A random number from 0 to 1, for jitter. */
  random(): number;
  /** Unpredictable bytes. */
  randomBytes(count: number): Uint8Array;
  /** A handshake counter above all earlier ones; it is written to the disk before this returns. */
  nextHandshakeCounter(): number;
  /** The stored ticket of this id for the server with this key, or null. */
  ticketOf(serverKey: Uint8Array, id: string): Ticket | null;
  keepTicket(serverKey: Uint8Array, id: string, ticket: Ticket): void;
  /** Pins the server's key at first contact, after the handshake has proven that the server holds it. */
  pin(serverKey: Uint8Array): void;
};

/** The server showed another key than the trusted one. The link has stopped and sends nothing more. */
export type KeyChange = {
  /** The pinned key, 32 bytes; null if only a fingerprint was given. */
  readonly pinned: Uint8Array | null;
  /** The key that the server showed, 32 bytes. */
  readonly seen: Uint8Array;
};

export type SealedSettings = {
  readonly server: Address;
  /** The key pinned at an earlier contact with the server that `server` means now, 32 bytes, or null. */
  readonly pinned: Uint8Array | null;
  /** The fingerprint that the key must have at first contact, or null to trust any key then. */
  readonly expected: string | null;
  /** Time without a sent frame after which a KEEPALIVE is sent, in ms; null for never. */
  readonly keepaliveMs: number | null;
  /** Frames sent before a rekey; left out, the envelope's limit. */
  readonly rekeyAfterMessages?: number;
};

/** What the link to the server reports. */
export type ServerLinkEvents = {
  /** A handshake is complete. `fresh`: the server may have lost our sessions; else this was a rekey. */
  onOpen(fresh: boolean): void;
  /** The link still works: the RESET that seemed to end it was forged. */
  onKept(): void;
  onTrouble(trouble: Trouble): void;
  onKeyChange(change: KeyChange): void;
};

/** `answerText`: whether plain text of others is heard and answered, as in text mode. */
export type ChannelSettings = SealedSettings & { readonly answerText: boolean };

/** What the channel reports to its caller. */
export type SealedEvents = {
  onDelivery(delivery: Delivery): void;
  onReceipt(receipt: Receipt): void;
  /** Requests that waited for the link, or were lost with an earlier one, were sent by the channel itself. */
  onResent(msgids: readonly bigint[]): void;
  /** The server is there, though it has not answered the requests: it made a link, or answered a comeback. */
  onHeard(): void;
  onTrouble(trouble: Trouble): void;
  onKeyChange(change: KeyChange): void;
  /** Plain text was dropped, for the first time (protocol §5.21). */
  onTextDropped(from: Address): void;
};
