// How a request ended, and what that means: done, refused, try later or silent. Knows no texts and no exit codes.

import { ack, answer } from "../protocol/codes.ts";
import { type Address, forms, type Message } from "../protocol/messages.ts";

/** How a request ended. */
export type Outcome =
  | {
      readonly kind: "ack";
      readonly code: string;
      readonly reason: string;
      /** Whether an earlier sending may have been carried out: more than one sending was not answered with 93. */
      readonly repeated: boolean;
    }
  | {
      readonly kind: "answer";
      readonly code: string;
      readonly message: string;
      readonly from: Address;
    }
  | {
      readonly kind: "silent";
      readonly sendings: number;
      /** Set if the system says that nobody listens where it was sent. */
      readonly closed?: true;
    };

/** What an outcome means for the caller; `later` is 93 or 95, `silent` no answer at all. */
export type Verdict = "done" | "refused" | "later" | "silent";

/**
 * Classifies an outcome.
 * @param verb the type of the request
 * @param outcome how it ended
 */
export function verdictOf(verb: Message["type"], outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case "silent":
      return "silent";
    case "answer":
      return outcome.code === answer.found ? "done" : "refused";
    case "ack":
      return verdictOfAck(verb, outcome.code, outcome.repeated);
  }
}

function verdictOfAck(verb: Message["type"], code: string, repeated: boolean): Verdict {
  if (code === ack.busy || code === ack.storageFailed) return "later";
  const done: readonly string[] = forms[verb].done;
  if (done.includes(code)) return "done";
  // protocol §6.4: after a repeat, 21 and 31 mean done: the first sending was carried out and its ACK was lost.
  if (repeated && verb === "DEREGISTER" && code === ack.noSuchDevice) return "done";
  if (repeated && verb === "LOGOFF" && code === ack.credentialsRefused) return "done";
  return "refused";
}

/** The code of an outcome; empty after silence. */
export function codeOf(outcome: Outcome): string {
  return outcome.kind === "silent" ? "" : outcome.code;
}

/** The reason in an ACK; empty if there is none. */
export function reasonOf(outcome: Outcome): string {
  return outcome.kind === "ack" ? outcome.reason : "";
}
