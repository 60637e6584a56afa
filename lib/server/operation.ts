// The port between engine and store: operations and outcomes as plain data, so that a store behind a network can
// implement the same port. Contains types only.

import type { AckCode } from "../protocol/codes.ts";
import type { Join } from "./policy.ts";

/**
 * What is known of the password in a request. `verified` and `refused` carry the stored hash that the password was
 * checked against, so that a check against a hash that was replaced meanwhile does not count.
 */
export type Proof =
  | { readonly kind: "none" }
  /** The password was hashed for a device that is not registered yet. */
  | { readonly kind: "hashed"; readonly hash: string }
  | { readonly kind: "verified"; readonly hash: string }
  /** `hash` is null if the id was unknown. */
  | { readonly kind: "refused"; readonly hash: string | null };

/** Why a session ended; stored in its row. */
export type EndReason = "logoff" | "offline" | "replaced" | "deregistered";

/** A device as REGISTER and DEREGISTER name it; `ip` in canonical spelling. */
export type DeviceFacts = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

/** One change or look-up for the store. Times are milliseconds since 1970. */
export type Operation =
  | {
      readonly kind: "register";
      readonly device: DeviceFacts;
      readonly proof: Proof;
      /** Whether the request came over a link, or from the operator. */
      readonly sealed: boolean;
      /** The client's static key, 32 bytes; null for text and for the operator. */
      readonly clientKey: Uint8Array | null;
      /** Whether an unknown id is registered or refused. */
      readonly join: Join;
      readonly at: number;
      readonly request?: SealedRequest | null;
    }
  | {
      readonly kind: "deregister";
      readonly device: DeviceFacts;
      readonly proof: Proof;
      /** The client's static key, 32 bytes; null for text. */
      readonly clientKey: Uint8Array | null;
      readonly at: number;
      readonly request?: SealedRequest | null;
    }
  | {
      readonly kind: "login";
      readonly id: string;
      readonly proof: Proof;
      /** What a later RESUME is checked against; null for a text LOGIN. */
      readonly seal: Seal | null;
      readonly source: Endpoint;
      readonly stated: Endpoint;
      readonly at: number;
    }
  | {
      readonly kind: "resume";
      readonly id: string;
      readonly clientKey: Uint8Array;
      /** The proof in the RESUME, 32 bytes. */
      readonly shown: Uint8Array;
      readonly source: Endpoint;
      readonly stated: Endpoint;
      readonly at: number;
    }
  /** Deregisters a device and ends its session, for the operator. */
  | { readonly kind: "remove"; readonly id: string; readonly at: number }
  /** Allows text requests of a device again after a sealed LOGIN (sealed, Login). */
  | { readonly kind: "allow-text"; readonly id: string }
  | {
      readonly kind: "end";
      readonly id: string;
      readonly session: number;
      readonly reason: EndReason;
      /** When its last packet came. */
      readonly lastSeen: number;
      readonly at: number;
      readonly request?: SealedRequest | null;
    }
  /** Looks up the stored answer of a sealed request. */
  | { readonly kind: "answered"; readonly request: SealedRequest }
  | { readonly kind: "touch"; readonly sessions: readonly Touch[] }
  | {
      readonly kind: "report";
      readonly report: Report;
      /** 48 bits that a repeat has in common with the first sending: see `keyOf` in verbs/data.ts. */
      readonly key: number;
      /** Sequence number of the device's previous report; 0 if it is not known. */
      readonly previous: number;
      /** How it may instead be the answer to a question (protocol §4.9); null or missing if it cannot be one. */
      readonly mayAnswer?: MayAnswer | null;
    }
  /** Keeps a question before it is sent, so that its answer is recognised, also after a restart. */
  | { readonly kind: "question"; readonly question: Question }
  /** The server has run for another hour: questions grow older, and the old ones are removed. */
  | { readonly kind: "hour" }
  | { readonly kind: "find"; readonly id: string }
  | { readonly kind: "latest"; readonly id: string };

/**
 * The identity of a sealed request, by which its repeat is recognised. If an operation has one, its answer is stored in
 * the transaction of its effect (protocol §5.20).
 */
export type SealedRequest = {
  readonly device: string;
  /** The client's static key, 32 bytes. */
  readonly clientKey: Uint8Array;
  readonly msgid: bigint;
  /** A keyed digest of its text, 16 bytes: another request with the same msgid is not its repeat. */
  readonly digest: Uint8Array;
};

/** A report as a device sent it. */
export type Report = {
  readonly device: string;
  /** The device's own time, as sent. */
  readonly time: string;
  /** When the server received it. */
  readonly received: number;
  /** When it was measured: the device's time, corrected by the server (protocol §4.6); never after `received`. */
  readonly at: number;
  readonly code: string;
  readonly message: string;
};

/** Who asked a question: `iot-server query`, a program over the API, or a person on the dashboard. */
export type Asker = "cli" | "api" | "dashboard";

/** A question of the operator to a device. */
export type Question = {
  readonly device: string;
  readonly code: string;
  readonly target: string;
  readonly by: Asker;
  /** The time field of its QUERY, which the answer repeats. */
  readonly time: string;
  /** ms since 1970. */
  readonly asked: number;
};

/** What a DATA shows of being an answer, besides its time. */
export type MayAnswer = {
  /** Whether it is in the addressed form. */
  readonly addressed: boolean;
  /** Number of the question that an addressed DATA answers although it has another time; 0 for none. */
  readonly open: number;
};

/** What a sealed LOGIN stores in the device's row. */
export type Seal = {
  /** The client's static key, 32 bytes. */
  readonly clientKey: Uint8Array;
  /** SHA-256 of the proof that a RESUME must contain, 32 bytes. */
  readonly storedProof: Uint8Array;
};

export type Endpoint = { readonly ip: string; readonly port: number };

/** The fields of a live session's row that change, and what has been counted for its device. */
export type Touch = {
  readonly session: number;
  readonly device: string;
  /** Repeated reports since the last touch. */
  readonly repeats: number;
  readonly lastSeen: number;
  readonly source: Endpoint;
  readonly everySeconds: number | null;
  /** The smallest time of receipt minus device time that it showed, ms; null if none is known. */
  readonly clockOffset: number | null;
};

/** A session's row. */
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
  /** As in `Touch`. */
  readonly clockOffset: number | null;
};

/** The password computation that a rule needs before it can decide; nothing was changed. */
export type Need =
  | { readonly kind: "hash" }
  /** Check the password against this hash; null: the id is unknown, and the check only takes the same time. */
  | { readonly kind: "verify"; readonly hash: string | null };

/** The answer to a request that the store decided. */
export type Done = {
  readonly kind: "done";
  readonly code: AckCode;
  readonly session: number;
  readonly hash: string | null;
  /** Whether a LOGIN came under another client key than the device's last sealed LOGIN. */
  readonly keyChanged?: boolean;
  /** Of a LOGIN or RESUME: what the device's session before showed of its clock, as in `Touch`. */
  readonly clockOffset?: number | null;
  /** Who has what a refused REGISTER asked for, in words for the operator. */
  readonly holder?: string;
};

/** What `find`, `latest`, `remove` and `allow-text` found. */
export type Found = {
  readonly kind: "found";
  readonly known: boolean;
  readonly report: Report | null;
  /** Set by `find` and `latest`: whether text requests of the device are refused (protocol §5.19). */
  readonly textLocked?: boolean;
  /** Set by `latest`: the report is damaged on the disk. */
  readonly unreadable?: boolean;
};

/** The result of an operation. Its effect is on the disk before the engine sees it. */
export type Outcome =
  | { readonly kind: "need"; readonly need: Need }
  | Done
  | { readonly kind: "report"; readonly sequence: number; readonly repeated: boolean }
  /** The DATA was the answer to a question and is stored with it. */
  | { readonly kind: "answer"; readonly question: number; readonly repeated: boolean }
  | { readonly kind: "question"; readonly number: number }
  | Found
  /** `code` is null if no answer is stored for the msgid; `isSame`: it is the answer to the same text. */
  | { readonly kind: "answered"; readonly code: AckCode | null; readonly isSame: boolean }
  | { readonly kind: "nothing" };

/** A value that comes later; a promise is one. */
export type Later<T> = {
  then(onValue: (value: T) => void, onError: (error: unknown) => void): unknown;
};

/** The store of devices, sessions and reports. */
export interface Store {
  /**
   * Applies a batch in one transaction.
   * @returns one outcome for each operation, in the same order, once all of them are on the disk: now, or later from a
   *   store behind a network
   * @throws, or rejects, if nothing of the batch was stored
   */
  apply(operations: readonly Operation[]): readonly Outcome[] | Later<readonly Outcome[]>;
  /** Does a little of the work that is due besides the batches; called after each batch. Never throws. */
  housekeep(): void;
}
