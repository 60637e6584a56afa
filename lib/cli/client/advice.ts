// What a person can do about a refusal or silence: one sentence, or none if the answer is clear by itself. Decides
// nothing and prints nothing.

import { type Outcome, verdictOf } from "../../client/outcome.ts";
import { ack, answer } from "../../protocol/codes.ts";
import type { Verb } from "../../protocol/messages.ts";
import { waitsForApproval } from "../../server/door/verdict.ts";

/** What to do where nobody listens. */
export const startThere = "Start the server there, or check the address and the port.";

/** What is to be done where an unknown device waits at the door. */
const letIn = "The operator lets it in with iot-server devices approve ID; then do this again.";

/** Advice for codes that mean the same for every request. */
const ofCode: Readonly<Record<string, string>> = {
  [ack.idTaken]: "Choose another id, or deregister that device first.",
  [ack.ipTaken]:
    "State another IP; on a server with --shared-ip another --port. Its error.log names the holder.",
  [ack.macTaken]:
    "Another device on this machine needs a --mac of its own; else deregister that one: the server's error.log names it.",
  [ack.noSuchDevice]: "Check the spelling of the id; upper and lower case differ.",
  [ack.registeredOtherwise]: "State the MAC and IP that it is registered with.",
  [ack.encryptionRequired]:
    "Leave out --text. For one device an operator may allow it: iot-server devices allow-text ID",
  [ack.storageFailed]: "The server's error.log says why.",
};

/** Advice for an answer to a QUERY that is none. */
const ofAnswer: Readonly<Record<string, string>> = {
  [answer.unknownDevice]:
    "Check the spelling of the id; upper and lower case differ. Those that are logged in: iot-client query list",
  [answer.notLoggedIn]: "Its latest report is there all the same: iot-client query report ID",
};

/** Advice for 31 in answer to a request with a password. */
const ofPassword: Partial<Record<Verb, string>> = {
  REGISTER:
    "It is registered with another password, its join token is not valid, or the server registers no unknown devices (--join closed).",
  DEREGISTER: "It is registered with another password.",
  LOGIN: "The id is not registered, or its password is different.",
};

/** Codes that mean a wrong password or no session. */
const unproven: readonly string[] = [
  ack.credentialsRefused,
  ack.statusRefused,
  ack.dataRefused,
  ack.queryRefused,
];

/**
 * What to do about an outcome other than success.
 * @param verb the type of the request
 * @param sealed whether it was sent over the envelope; then `troubleLine` has explained the silence of a server already
 * @returns an indented sentence to print below the answer, or null
 */
export function adviceOn(verb: Verb, outcome: Outcome, sealed: boolean): string | null {
  const advice =
    verdictOf(verb, outcome) === "done" ? undefined : sentenceOn(verb, outcome, sealed);
  return advice === undefined ? null : `  ${advice}`;
}

function sentenceOn(verb: Verb, outcome: Outcome, sealed: boolean): string | undefined {
  switch (outcome.kind) {
    case "silent":
      if (outcome.closed === true) return startThere;
      return sealed ? undefined : "Check that the server runs there and that UDP gets through.";
    case "answer":
      return ofAnswer[outcome.code];
    case "ack":
      if (outcome.code === ack.busy && outcome.reason === waitsForApproval) return letIn;
      if (!unproven.includes(outcome.code)) return ofCode[outcome.code];
      return ofPassword[verb] ?? logInFirst(sealed);
  }
}

function logInFirst(sealed: boolean): string {
  return sealed
    ? "Log in first. A session belongs to the key of the device that logged in."
    : "Log in first. In text a session belongs to the IP that logged in.";
}
