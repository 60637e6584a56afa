// What the engine asks of the store, and what the store answers: plain data, so that a store with a network in between
// can stand behind the same port. Nothing here runs.

import type { AckCode } from "../protocol/codes.ts";

/** What is known of the password in a request that carries one. Each names the stored hash it was checked against. */
export type Proof =
  | { readonly kind: "none" }
  /** The password was hashed for a device that is not registered yet. */
  | { readonly kind: "hashed"; readonly hash: string }
  | { readonly kind: "verified"; readonly hash: string }
  /** `hash` is null where the id was unknown. */
  | { readonly kind: "refused"; readonly hash: string | null };

/** Why a session ended; kept with its row. */
export type EndReason = "logoff" | "offline" | "replaced" | "deregistered";

/** A device as REGISTER and DEREGISTER name it; `ip` in canonical spelling. */
export type DeviceFacts = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

/** One thing for the store to do or to look up. Times are milliseconds since 1970. */
export type Operation =
  | {
      readonly kind: "register";
      readonly device: DeviceFacts;
      readonly proof: Proof;
      /** Whether it came sealed. */
      readonly sealed: boolean;
      readonly at: number;
      readonly request?: SealedRequest | null;
    }
  | {
      readonly kind: "deregister";
      readonly device: DeviceFacts;
      readonly proof: Proof;
      /** The key it came under, 32 bytes; null for text. */
      readonly clientKey: Uint8Array | null;
      readonly at: number;
      readonly request?: SealedRequest | null;
    }
  | {
      readonly kind: "login";
      readonly id: string;
      readonly proof: Proof;
      /** The key it came under and what a RESUME will have to show; null for a text LOGIN. */
      readonly seal: Seal | null;
      readonly source: Endpoint;
      readonly stated: Endpoint;
      readonly at: number;
    }
  | {
      readonly kind: "resume";
      readonly id: string;
      readonly clientKey: Uint8Array;
      /** What the device showed, 32 bytes. */
      readonly shown: Uint8Array;
      readonly source: Endpoint;
      readonly stated: Endpoint;
      readonly at: number;
    }
  /** Takes a device out of the registrar and ends its session, on the operator's behalf. */
  | { readonly kind: "remove"; readonly id: string; readonly at: number }
  /** Lets a device speak text again after it was sealed. */
  | { readonly kind: "allow-text"; readonly id: string }
  | {
      readonly kind: "end";
      readonly session: number;
      readonly reason: EndReason;
      readonly at: number;
      readonly request?: SealedRequest | null;
    }
  /** What a sealed request was answered, where it was carried out before. */
  | { readonly kind: "answered"; readonly request: SealedRequest }
  | { readonly kind: "touch"; readonly sessions: readonly Touch[] }
  | {
      readonly kind: "report";
      readonly report: Report;
      /** What tells a repeat from another report: 48 bits of the datagram's SHA-256. */
      readonly key: number;
      /** Sequence number of the device's report before this one; 0 where it is not known. */
      readonly previous: number;
    }
  | { readonly kind: "find"; readonly id: string }
  | { readonly kind: "latest"; readonly id: string };

/**
 * What a repeat of a sealed request is known by. Where an operation has one, what it was answered is stored with its
 * effect (sealed, Retransmission).
 */
export type SealedRequest = {
  readonly device: string;
  /** The client's static key, 32 bytes. */
  readonly clientKey: Uint8Array;
  readonly msgid: bigint;
};

/** A report as a device sent it. */
export type Report = {
  readonly device: string;
  /** The device's own time, as sent. */
  readonly time: string;
  readonly received: number;
  readonly code: string;
  readonly message: string;
};

/** What a sealed LOGIN leaves with the device's row. */
export type Seal = {
  /** The client's static key, 32 bytes. */
  readonly clientKey: Uint8Array;
  /** SHA-256 of the proof that a RESUME has to show, 32 bytes. */
  readonly storedProof: Uint8Array;
};

export type Endpoint = { readonly ip: string; readonly port: number };

/** What the store keeps up to date of a session that is alive. */
export type Touch = {
  readonly session: number;
  readonly lastSeen: number;
  readonly source: Endpoint;
  readonly everySeconds: number | null;
};

/** A session as the store keeps it. */
export type StoredSession = {
  readonly session: number;
  readonly id: string;
  readonly source: Endpoint;
  readonly stated: Endpoint;
  readonly started: number;
  readonly lastSeen: number;
  readonly everySeconds: number | null;
  /** The client's static key of a sealed session, 32 bytes; null for text. */
  readonly clientKey: Uint8Array | null;
};

/** What a rule says that still lacks a password check; nothing was changed. */
export type Need =
  | { readonly kind: "hash" }
  /** Check the password against this hash; null means the id is unknown, and the check only takes its time. */
  | { readonly kind: "verify"; readonly hash: string | null };

/** The answer to an operation, in the order of the operations. It is on the disk when it is seen. */
export type Outcome =
  | { readonly kind: "need"; readonly need: Need }
  | {
      readonly kind: "done";
      readonly code: AckCode;
      readonly session: number;
      readonly hash: string | null;
      /** Whether a LOGIN brought another client key than the last one did. */
      readonly keyChanged?: boolean;
    }
  | { readonly kind: "report"; readonly sequence: number; readonly repeated: boolean }
  | {
      readonly kind: "found";
      readonly known: boolean;
      readonly report: Report | null;
      /** Of `find`: whether the device may speak text no more. */
      readonly textLocked?: boolean;
    }
  /** `code` is null where the request is none that was carried out. */
  | { readonly kind: "answered"; readonly code: AckCode | null }
  | { readonly kind: "nothing" };

/** Keeps devices, sessions and reports. */
export interface Store {
  /**
   * Applies a batch in one transaction.
   * @returns an outcome an operation, once all of them are on the disk
   * @throws when nothing of the batch was stored
   */
  apply(operations: readonly Operation[]): Promise<readonly Outcome[]>;
}
