// How a request ended, and what that means: done, refused, or to be tried later. Knows no words and no exit codes.

import { ack, answer } from "../protocol/codes.ts";
import type { Address, Message } from "../protocol/messages.ts";

/** How a request ended. */
export type Outcome =
  | {
      readonly kind: "ack";
      readonly code: string;
      readonly reason: string;
      /** Whether an earlier sending may have been carried out: the request was sent again without having been told 93. */
      readonly repeated: boolean;
    }
  | {
      readonly kind: "answer";
      readonly code: string;
      readonly message: string;
      readonly from: Address;
    }
  | { readonly kind: "silent"; readonly sendings: number };

/** What an outcome means for the one who asked. */
export type Verdict = "done" | "refused" | "later" | "silent";

/**
 * What an outcome means for its request.
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
  if (doneCodes[verb]?.includes(code) === true) return "done";
  // protocol §4: a client that repeated one reads 21 and 31 as done; its first sending was, and the ACK got lost.
  if (repeated && verb === "DEREGISTER" && code === ack.noSuchDevice) return "done";
  if (repeated && verb === "LOGOFF" && code === ack.credentialsRefused) return "done";
  return "refused";
}

/** 01 is done without a repetition too: the device is registered as it asked to be. */
const doneCodes: Partial<Record<Message["type"], readonly string[]>> = {
  REGISTER: [ack.registered, ack.alreadyRegistered, ack.registrationUpdated],
  DEREGISTER: [ack.deregistered],
  LOGIN: [ack.loggedIn],
  LOGOFF: [ack.loggedOff],
  STATUS: [ack.statusNoted],
  DATA: [ack.dataStored],
};
