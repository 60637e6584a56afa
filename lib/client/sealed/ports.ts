// What the sealed side of the client needs of the world: time, random bytes, its key, the state on the disk, a way out.
// Types only; lib/io and the commands fill them in, a test with fakes.

import type { Address } from "../../protocol/messages.ts";
import type { KeyPair } from "../../sealed/primitives.ts";
import type { Trouble } from "../channel.ts";

/** What a LOGIN left: it resumes, and it tells the server's word from another's. */
export type Ticket = {
  /** 32 bytes. */
  readonly ticket: Uint8Array;
  /** The server's Ed25519 key, 32 bytes: it signs vouchers. */
  readonly signingKey: Uint8Array;
};

/** The parts of the world. What throws here is an OperatingError of the shell, and passes through. */
export type SealedPorts = {
  /** The device's static key. */
  readonly local: KeyPair;
  /** 32 bytes both sides share, where there are any. */
  readonly psk: Uint8Array | undefined;
  /** Sends one datagram, or loses it as a network would. */
  send(payload: string | Uint8Array, to: Address): void;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Milliseconds since 1970. */
  time(): number;
  /** A number from 0 to 1, to spread out with. */
  random(): number;
  /** Bytes that nobody can foretell. */
  randomBytes(count: number): Uint8Array;
  /** A handshake counter above all before it, on the disk already. */
  nextHandshakeCounter(): number;
  /** The ticket of this id at the server with this key, or null. */
  ticketOf(serverKey: Uint8Array, id: string): Ticket | null;
  keepTicket(serverKey: Uint8Array, id: string, ticket: Ticket): void;
  /** Keeps the server's key, which it has proven to hold: the first contact. */
  pin(serverKey: Uint8Array): void;
};

/** The server showed another key than the one that is trusted; nothing is sent any more. */
export type KeyChange = {
  /** The key pinned, 32 bytes; null where only a fingerprint was given. */
  readonly pinned: Uint8Array | null;
  /** 32 bytes. */
  readonly seen: Uint8Array;
};

export type SealedSettings = {
  readonly server: Address;
  /** The server's key from an earlier contact, 32 bytes, or null. */
  readonly pinned: Uint8Array | null;
  /** The fingerprint that a first contact must show, or null to trust it. */
  readonly expected: string | null;
  /** Sends a KEEPALIVE after this long without another packet, in ms; null for never. */
  readonly keepaliveMs: number | null;
  /** New keys after so many messages; the envelope's limit where it is left out. */
  readonly rekeyAfterMessages?: number;
};

/** What the link to the server tells. */
export type ServerLinkEvents = {
  /** There are keys. `fresh`: the server may not know our sessions any more; else they were only renewed. */
  onOpen(fresh: boolean): void;
  /** The link that a RESET seemed to end is there after all. */
  onKept(): void;
  onTrouble(trouble: Trouble): void;
  onKeyChange(change: KeyChange): void;
};
