// The rows of the store, one type for each: the store, the engine, the web side and the command line use these. Times are
// milliseconds since 1970 by the server's wall clock. Types only.

import type { AckCode } from "../protocol/codes.ts";
import type { Address } from "../protocol/messages.ts";
import type { Labels } from "./labels.ts";

/** A device as REGISTER and DEREGISTER name it; `ip` in canonical spelling. */
export type DeviceFacts = Address & { readonly id: string; readonly mac: string };

/** A device's row without its secrets. */
export type DeviceRow = DeviceFacts & {
  readonly registered: number;
  /** How many of its reports repeated one that was stored before. */
  readonly repeats: number;
  /** The client's static key of its last sealed LOGIN, 32 bytes, or null. */
  readonly sealedKey: Uint8Array | null;
  /** Whether its text requests are refused, because it logged in sealed once (protocol §5.19). */
  readonly textLocked: boolean;
};

/** What a device's row has besides, to check what the device shows. */
export type DeviceSecrets = {
  /** argon2id of its password. */
  readonly hash: string;
  /** SHA-256 of the proof that a RESUME must contain, 32 bytes, or null. */
  readonly storedProof: Uint8Array | null;
};

/** The labels of an id, and the MAC of the device that they were given to, as MACs are compared. */
export type DeviceLabels = { readonly macKey: string; readonly labels: Labels };

/** Why a session ended. */
export type EndReason = "logoff" | "offline" | "replaced" | "deregistered";

/** A session when it is opened. */
export type NewSession = {
  readonly device: string;
  /** Where its last packet came from. */
  readonly source: Address;
  /** The ip and port in its LOGIN. */
  readonly stated: Address;
  readonly started: number;
  /** The client's static key of a sealed session, 32 bytes; null for text. */
  readonly clientKey: Uint8Array | null;
  /** The smallest time of receipt minus device time that it showed, ms; null if none is known. */
  readonly clockOffset: number | null;
};

/** A session's row. Sessions are ordered by their numbers: times change when the clock is set. */
export type SessionRow = NewSession & {
  readonly session: number;
  readonly lastSeen: number;
  /** The heartbeat interval that the device stated, or null. */
  readonly everySeconds: number | null;
  /** null while it is open, as the reason. */
  readonly ended: number | null;
  readonly reason: EndReason | null;
  /** The node that heard it last; empty in a store of one server. */
  readonly node: string;
};

/** The fields of a live session's row that change, and what has been counted for its device. */
export type Touch = Pick<
  SessionRow,
  "session" | "device" | "lastSeen" | "source" | "everySeconds" | "clockOffset"
> & {
  /** Repeated reports since the last touch. */
  readonly repeats: number;
};

/** A device with its labels and its latest session since it was registered; null without one. */
export type ListedDevice = DeviceRow & {
  readonly labels: Labels;
  readonly session: SessionRow | null;
};

/** A device in the roster: its labels, and what is needed of its latest session. */
export type RosterRow = Pick<SessionRow, "started" | "lastSeen" | "ended" | "reason"> & {
  readonly id: string;
  readonly labels: Labels;
  /** Number of its latest session; 0 if it has not logged in since it registered. */
  readonly session: number;
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

/** A report's row. Sequence numbers are in the order of receipt; times may be in any order. */
export type ReportRow = Report & { readonly sequence: number };

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
  readonly asked: number;
};

/** A DATA that answered a question. */
export type Answer = Pick<Report, "received" | "code" | "time" | "message">;

/** A question's row. */
export type QuestionRow = Question & { readonly number: number; readonly answer: Answer | null };

/** The identity of a sealed request, by which its repeat is recognised (protocol §5.20). */
export type SealedRequest = {
  readonly device: string;
  /** The client's static key, 32 bytes. */
  readonly clientKey: Uint8Array;
  readonly msgid: bigint;
  /** A keyed digest of its text, 16 bytes: another request with the same msgid is not its repeat. */
  readonly digest: Uint8Array;
};

/** The stored answer to a sealed request that changed something. */
export type AnsweredRow = {
  readonly code: AckCode;
  /** As in `SealedRequest`; null in rows of 1.0.0. */
  readonly digest: Uint8Array | null;
};

/** Who queued a command. */
export type CommandOrigin = "cli" | "api" | "dashboard" | "mqtt" | "alert";

/** How a command ended. */
export type CommandEnd = "done" | "failed" | "expired" | "cancelled";

/** A command when it is queued (protocol §4.14). */
export type NewCommand = {
  readonly device: string;
  /** Of the device that it is for, as MACs are compared. */
  readonly macKey: string;
  readonly message: string;
  readonly origin: CommandOrigin;
  /** What whoever queued it calls it, so that it is not queued twice; null for nothing. */
  readonly request: string | null;
  readonly created: number;
  /** When it will probably be too late, to be shown. */
  readonly expires: number;
  /** When it is too late, by the time of service (`ServiceTime.ms`), ms. */
  readonly due: number;
};

/** What becomes of an open command without a commit of its own. */
export type CommandTouch = {
  readonly number: number;
  readonly sendings: number;
  /** When it was last sent, and when the device said that it has it; null if not yet. */
  readonly sent: number | null;
  readonly delivered: number | null;
};

/** A command's row. */
export type CommandRow = NewCommand &
  CommandTouch & {
    /** null while it is open, as `end`. */
    readonly ended: number | null;
    readonly end: CommandEnd | null;
    /** The code of the result, or null. */
    readonly code: string | null;
    /** What the device answered, or why nobody asked it any more; null for nothing. */
    readonly result: string | null;
    /** Whether the result came after the end. */
    readonly late: boolean;
  };

/** The commands that a server finds when it starts. */
export type StoredCommands = {
  readonly service: ServiceTime;
  /** All open ones, by number. */
  readonly open: readonly CommandRow[];
};

/** How long the store has been in service, and the commands that are open in it. */
export type ServiceTime = {
  /** Counted by monotonic clocks, ms; only grows. */
  readonly ms: number;
  /** The wall clock when it was noted; null if never. */
  readonly wall: number | null;
  /** The wall clock that `wall` was read from, now; null if that is the server's. */
  readonly now: number | null;
  /** How many commands are open. */
  readonly open: number;
};
