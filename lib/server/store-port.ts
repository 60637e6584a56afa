// The only seam between the engine and a store. A verb says which rows it needs and decides over them as a pure function;
// a store loads and writes rows and knows no verb. Contains types only.

import type { AckCode } from "../protocol/codes.ts";
import type { Address } from "../protocol/messages.ts";
import type { DoorKeys, DoorRows, DoorWrite } from "./door/door-rows.ts";
import type { LabelChange } from "./labels.ts";
import type {
  Answer,
  AnsweredRow,
  CommandEnd,
  CommandRow,
  CommandTouch,
  DeviceFacts,
  DeviceLabels,
  DeviceRow,
  DeviceSecrets,
  EndReason,
  NewCommand,
  NewSession,
  Question,
  QuestionRow,
  Report,
  ReportRow,
  SealedRequest,
  ServiceTime,
  SessionRow,
  Touch,
} from "./rows.ts";

/** The rows that a rule needs, by their keys. What is left out is not read. */
export type Keys = {
  /** The device of this id. */
  readonly device?: string;
  /** The device's latest session, also one of an earlier registration. */
  readonly withSession?: boolean;
  /** The labels of the device's id, also those that were given before it was deregistered. */
  readonly withLabels?: boolean;
  /** The device's last report, if the device is registered. */
  readonly withLastReport?: boolean;
  /** The open commands of the device's id, oldest first. */
  readonly withCommands?: boolean;
  /** A command, by its number or by the name that whoever queued it gave it; open or not, and of any device. */
  readonly command?: CommandKey;
  /** The open commands of all devices, by number: those that are due by a time of service, or all (null). */
  readonly openCommands?: { readonly due: number | null; readonly limit: number };
  /** How long the store has been in service. */
  readonly withService?: boolean;
  /** Another device than this one that has the ip, with the port or with any (null). */
  readonly ipHolder?: {
    readonly besides: string;
    readonly ip: string;
    readonly port: number | null;
  };
  /** Another device than this one that has the MAC, whatever its notation. */
  readonly macHolder?: { readonly besides: string; readonly mac: string };
  /** What of the door, always with its window. */
  readonly door?: DoorKeys;
  /** The answer to a request of the same device, key and msgid. */
  readonly answered?: SealedRequest;
  /** The ids with open sessions after this one, in order (null: from the first); `inText` leaves out sealed sessions. */
  readonly loggedIn?: {
    readonly after: string | null;
    readonly inText: boolean;
    readonly limit: number;
  };
};

/** How a command is found. */
export type CommandKey =
  { readonly number: number } | { readonly device: string; readonly request: string };

/** What was found for `Keys`; null for what is not there or was not asked for. */
export type Rows = {
  readonly device: (DeviceRow & DeviceSecrets) | null;
  readonly session: SessionRow | null;
  /** null if the id has none. */
  readonly labels: DeviceLabels | null;
  /** `unreadable`: it is on a damaged page of the disk. */
  readonly lastReport: ReportRow | "unreadable" | null;
  /** Ids of devices. */
  readonly ipHolder: string | null;
  readonly macHolder: string | null;
  readonly answered: AnsweredRow | null;
  readonly loggedIn: readonly string[];
  readonly commands: readonly CommandRow[];
  readonly command: CommandRow | null;
  readonly openCommands: readonly CommandRow[];
  readonly service: ServiceTime | null;
  /** null if it was not asked for. */
  readonly door: DoorRows | null;
};

/** The fields of a device's row that change after its registration. */
export type DeviceChange = Partial<
  Pick<
    DeviceRow & DeviceSecrets,
    "ip" | "port" | "hash" | "sealedKey" | "storedProof" | "textLocked"
  >
>;

/** One change of rows. Times are milliseconds since 1970. */
export type Write =
  /** The device is pending no longer. */
  | {
      readonly kind: "insert-device";
      readonly device: DeviceFacts;
      readonly hash: string;
      readonly at: number;
    }
  | {
      readonly kind: "update-device";
      readonly id: string;
      /** Fields left out stay. */
      readonly change: DeviceChange;
      /** When the device registered it; null if the device did not. */
      readonly at: number | null;
    }
  /** Its labels stay. */
  | { readonly kind: "remove-device"; readonly id: string }
  | {
      readonly kind: "change-labels";
      readonly device: string;
      /** Of the device that they are given to, as MACs are compared. */
      readonly macKey: string;
      readonly changes: readonly LabelChange[];
    }
  /** Its number is the number of the step's result. */
  | { readonly kind: "open-session"; readonly session: NewSession }
  /** Ends a session of this number if it is open. */
  | {
      readonly kind: "end-session";
      readonly session: number;
      readonly reason: EndReason;
      readonly lastSeen: number;
      readonly at: number;
    }
  /** Ends the open session of a device, if there is one. */
  | {
      readonly kind: "end-open-session";
      readonly device: string;
      readonly reason: EndReason;
      readonly at: number;
    }
  /** This node hears an open session from now on, which comes from this address. */
  | {
      readonly kind: "move-session";
      readonly session: number;
      readonly device: string;
      readonly source: Address;
    }
  /** The number of the step's result is how many of them this node had heard last: others are left as they are. */
  | { readonly kind: "touch-sessions"; readonly touches: readonly Touch[] }
  /** Keeps the answer to a request. The oldest make room for it. */
  | { readonly kind: "keep-answer"; readonly request: SealedRequest; readonly code: AckCode }
  /** Keeps a question; its number is the number of the step's result. The oldest make room for it. */
  | { readonly kind: "add-question"; readonly question: Question }
  | { readonly kind: "answer-question"; readonly number: number; readonly answer: Answer }
  /** Keeps another answer to a question that has one, in a row of its own. */
  | { readonly kind: "answer-again"; readonly number: number; readonly answer: Answer }
  /** Queues a command; its number is the number of the step's result. */
  | { readonly kind: "add-command"; readonly command: NewCommand }
  /** Ends a command if it is open. */
  | {
      readonly kind: "end-command";
      readonly number: number;
      readonly end: CommandEnd;
      readonly at: number;
      readonly code: string | null;
      readonly result: string | null;
    }
  /** Keeps the first result of a command that ended without one. */
  | {
      readonly kind: "keep-late-result";
      readonly number: number;
      readonly code: string;
      readonly result: string;
    }
  /** Those of them that are open. */
  | { readonly kind: "touch-commands"; readonly touches: readonly CommandTouch[] }
  /** The store has been in service for so long, ms, unless another node knows of longer. `wall` as `ServiceTime.wall`. */
  | { readonly kind: "note-service"; readonly ms: number; readonly wall: number }
  | { readonly kind: "door"; readonly write: DoorWrite }
  /**
   * The server has run for another hour: questions and ended commands grow older; those of more than 30 days of service go, as
   * do pending devices that were not heard for `pendingHours`.
   */
  | { readonly kind: "count-hour" };

/** What a rule decides: its outcome, and what is stored in the same transaction. At most one write gets a number. */
export type Decision<Outcome> = { readonly outcome: Outcome; readonly writes: readonly Write[] };

/** A change or look-up that a verb decides. */
export type Rule<Outcome = unknown> = {
  readonly kind: "rule";
  readonly keys: Keys;
  /** The device whose lane it goes to, if its keys name none; see `Store.lanes`. */
  readonly laneOf?: string;
  /** Pure: a store may call it again with other rows if the first attempt was not stored. */
  readonly decide: (rows: Rows) => Decision<Outcome>;
};

/** A rule that was carried out; `number` is that of the row that it added, 0 without one. */
export type Decided<Outcome = unknown> = { readonly outcome: Outcome; readonly number: number };

/**
 * Stores a report, unless it is stored already. A primitive of the store, because it is what devices do most.
 */
export type ReportStep = {
  readonly kind: "report";
  readonly report: Report;
  /** The number of its session: only while that is open it is stored. 0 if it belongs to none. */
  readonly session: number;
  /** 48 bits that a repeat has in common with the first sending: see `keyOf` in verbs/data.ts. */
  readonly key: number;
  /** What `key` is made of, for a store that needs more bits. */
  readonly origin: ReportOrigin;
  /** Sequence number of the device's previous report; 0 if it is not known. */
  readonly previous: number;
  /** How it may instead be the answer to a kept question; null if it cannot be one. */
  readonly mayAnswer: MayAnswer | null;
};

/** What a repeated DATA has in common with its first sending, and no other DATA has: of its `Request`. */
export type ReportOrigin = {
  /** The device's own time, ms since 1970; null if it cannot be read. */
  readonly timeMs: number | null;
  /** The SHA-256 of the datagram (sealed: of the inner text), in lower-case hex. */
  readonly digest: { readonly hex: string };
  /** null for text. `key` is the client's static key in base64. */
  readonly link: { readonly key: string } | null;
  /** The upper and the lower 32 bits of the msgid; 0 for text. */
  readonly msgidHigh: number;
  readonly msgidLow: number;
};

/** How a DATA is told from the answer to a question (protocol §4.9). */
export type MayAnswer = {
  /** Whether any kept question to the device may have it as its answer; else only one of the same time. */
  readonly addressed: boolean;
  /** Number of the question that an addressed DATA answers although it has another time; 0 for none. */
  readonly open: number;
  /**
   * @param questions the kept questions to the device, newest first
   * @param isReported tells whether the same DATA is stored as a report
   * @returns null if it is a report
   */
  readonly decide: (
    report: Report,
    mayAnswer: MayAnswer,
    questions: readonly QuestionRow[],
    isReported: () => boolean,
  ) => Decision<AnswerStored> | null;
};

/** The DATA was the answer to a question and is stored with it. */
export type AnswerStored = {
  readonly kind: "answer";
  readonly question: number;
  readonly repeated: boolean;
};

/** What became of a DATA. `no-session`: its session has ended or is another node's affair, and nothing was stored. */
export type ReportStored =
  | AnswerStored
  | { readonly kind: "report"; readonly sequence: number; readonly repeated: boolean }
  | { readonly kind: "no-session" };

/** One step of a batch. */
export type Step = Rule | ReportStep;

/** The result of a step. Its effect is on the disk before the engine sees it. */
export type StepResult = Decided | ReportStored;

/** A value that comes later; a promise is one. */
export type Later<T> = {
  then(onValue: (value: T) => void, onError: (error: unknown) => void): unknown;
};

/** The store of devices, sessions and reports, as the engine drives it. */
export interface Store {
  /**
   * How many batches it can store at the same time, one of each lane; 1 if it is left out. All steps of one device are in
   * one lane.
   */
  readonly lanes?: number;
  /**
   * Carries out a batch in one transaction, each step on the rows that those before it have left.
   * @param lane the lane of its steps, from 0 on, of which no other batch is under way; 0 if it is left out
   * @returns one result for each step, in the same order, once all of them are on the disk: now, or later from a store
   *   behind a network
   * @throws, or rejects, if nothing of the batch was stored; a `StoreFailure` `unknown` if it is not known
   */
  apply(
    steps: readonly Step[],
    lane?: number,
  ): readonly StepResult[] | Later<readonly StepResult[]>;
  /** Does a little of the work that is due besides the batches; called after each batch. Never throws. */
  housekeep(): void;
}
