// What devices and operators do to a store, in short form: each becomes the rule of its verb. For tests of a store's rows.

import { ack, type AckCode } from "../../lib/protocol/codes.ts";
import type { Address } from "../../lib/protocol/messages.ts";
import { answerTo, keepAnswer } from "../../lib/server/answered.ts";
import { decideAnswer } from "../../lib/server/answers.ts";
import {
  allowingText,
  type Found,
  finding,
  findingLatest,
  type FoundLatest,
  removing,
} from "../../lib/server/devices.ts";
import type { Done, Judged, Proof } from "../../lib/server/passwords/proof.ts";
import type { Join, Policy } from "../../lib/server/policy.ts";
import type {
  DeviceFacts,
  EndReason,
  Question,
  Report,
  ReportRow,
  SealedRequest,
  Touch,
} from "../../lib/server/rows.ts";
import type {
  Decided,
  MayAnswer,
  ReportStored,
  StepResult,
  Step,
  Store,
  Write,
} from "../../lib/server/store-port.ts";
import { deregistration } from "../../lib/server/verbs/deregister.ts";
import { type LogIn, logIn } from "../../lib/server/verbs/login.ts";
import { registration } from "../../lib/server/verbs/register.ts";
import { resumption } from "../../lib/server/verbs/resume.ts";
import { originOf } from "./report-origin.ts";
import { defaultPolicy } from "../server/default-policy.ts";

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
      readonly seal: LogIn["seal"];
      readonly source: Address;
      readonly stated: Address;
      readonly at: number;
    }
  | {
      readonly kind: "resume";
      readonly id: string;
      readonly clientKey: Uint8Array;
      /** The proof in the RESUME, 32 bytes. */
      readonly shown: Uint8Array;
      readonly source: Address;
      readonly stated: Address;
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
      /** As in `ReportStep`; 0 if missing. */
      readonly session?: number;
      /** 48 bits that a repeat has in common with the first sending: see `keyOf` in verbs/data.ts. */
      readonly key: number;
      /** Sequence number of the device's previous report; 0 if it is not known. */
      readonly previous: number;
      /** How it may instead be the answer to a question (protocol §4.9); null or missing if it cannot be one. */
      readonly mayAnswer?: Pick<MayAnswer, "addressed" | "open"> | null;
    }
  /** Keeps a question before it is sent, so that its answer is recognised, also after a restart. */
  | { readonly kind: "question"; readonly question: Question }
  /** The server has run for another hour: questions grow older, and the old ones are removed. */
  | { readonly kind: "hour" }
  | { readonly kind: "find"; readonly id: string }
  | { readonly kind: "latest"; readonly id: string };

/** What became of an operation, in short form. */
export type Outcome =
  | Extract<Judged, { kind: "need" }>
  | (Done & {
      readonly session: number;
      readonly keyChanged?: boolean;
      readonly clockOffset?: number | null;
      readonly holder?: string;
    })
  | ReportStored
  | { readonly kind: "question"; readonly number: number }
  | {
      readonly kind: "found";
      readonly known: boolean;
      readonly report: ReportRow | null;
      readonly textLocked?: boolean;
      readonly unreadable?: boolean;
    }
  | { readonly kind: "answered"; readonly code: AckCode | null; readonly isSame: boolean }
  | { readonly kind: "nothing" };

type Rules = Pick<Policy, "sharedIp" | "keyPolicy">;

/** Carries out operations in one batch of a store that answers at once. */
export function operate(
  store: Pick<Store, "apply">,
  operations: readonly Operation[],
  rules: Partial<Rules> = {},
): Outcome[] {
  const policy = { ...defaultPolicy, ...rules };
  const results = store.apply(operations.map((operation) => stepOf(operation, policy)));
  if ("then" in results) throw new Error("this store answers later");
  return operations.map((operation, i) => outcomeOf(operation, results[i] as StepResult));
}

/** Carries out operations in one batch of any store. */
export async function operateSoon(
  store: Pick<Store, "apply">,
  operations: readonly Operation[],
): Promise<Outcome[]> {
  const results = await store.apply(operations.map((operation) => stepOf(operation)));
  return operations.map((operation, i) => outcomeOf(operation, results[i] as StepResult));
}

/** The step of an operation. */
export function stepOf(operation: Operation, policy: Rules = defaultPolicy): Step {
  switch (operation.kind) {
    case "register":
      return registration(
        { ...operation, request: operation.request ?? null },
        { ...policy, join: operation.join },
      );
    case "deregister":
      return deregistration({ ...operation, request: operation.request ?? null }, policy.keyPolicy);
    case "login":
      return logIn(operation, policy.keyPolicy);
    case "resume":
      return resumption(operation);
    case "remove":
      return removing(operation.id, operation.at);
    case "allow-text":
      return allowingText(operation.id);
    case "end": {
      const { session: row, lastSeen, request = null } = operation;
      return writing([
        { ...operation, kind: "end-session", session: row, lastSeen },
        ...keepAnswer(request, ack.loggedOff),
      ]);
    }
    case "answered":
      return answerTo(operation.request);
    case "touch":
      return writing([{ kind: "touch-sessions", touches: operation.sessions }]);
    case "report": {
      const { key, report, mayAnswer = null } = operation;
      const { device, time, code, message } = report;
      return {
        ...operation,
        session: operation.session ?? 0,
        origin: originOf([key, device, time, code, message].join("\t")),
        mayAnswer: mayAnswer === null ? null : { ...mayAnswer, decide: decideAnswer },
      };
    }
    case "question":
      return writing([{ kind: "add-question", question: operation.question }]);
    case "hour":
      return writing([{ kind: "count-hour" }]);
    case "find":
      return finding(operation.id);
    case "latest":
      return findingLatest(operation.id);
  }
}

function writing(writes: readonly Write[]): Step {
  return { kind: "rule", keys: {}, decide: () => ({ outcome: null, writes }) };
}

function outcomeOf({ kind }: Operation, result: StepResult): Outcome {
  if (kind === "report") return result as ReportStored;
  const { outcome, number } = result as Decided;
  switch (kind) {
    case "register":
    case "deregister":
    case "login": {
      const judged = outcome as Judged;
      return judged.kind === "need" ? judged : { ...judged, session: number };
    }
    case "resume": {
      const resumed = outcome as { code: AckCode; clockOffset: number | null };
      return { kind: "done", hash: null, at: 0, session: number, ...resumed };
    }
    case "remove":
    case "allow-text":
      return { kind: "found", known: outcome as boolean, report: null };
    case "answered": {
      const answered = outcome as { code: AckCode; isSame: boolean } | null;
      return { kind: "answered", ...(answered ?? { code: null, isSame: false }) };
    }
    case "question":
      return { kind: "question", number };
    case "find":
      return { kind: "found", ...(outcome as Found), report: null };
    case "latest": {
      const { report, ...found } = outcome as FoundLatest;
      if (report === "unreadable")
        return { kind: "found", ...found, report: null, unreadable: true };
      return { kind: "found", ...found, report };
    }
    case "end":
    case "touch":
    case "hour":
      return { kind: "nothing" };
  }
}
