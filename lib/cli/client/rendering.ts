// Formats outcomes and events for people and for scripts: always one line each, whatever a peer sent. Prints nothing.

import type { LatestReport } from "../../client/answers.ts";
import type { DeviceEvent } from "../../client/device.ts";
import type { HeartbeatEvent } from "../../client/heartbeats.ts";
import { type Outcome, type Verdict, verdictOf } from "../../client/outcome.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import { describeAck, describeAnswer } from "../../protocol/codes.ts";
import type { Address, Message, Query } from "../../protocol/messages.ts";
import type { PeerOutcome } from "./questions.ts";

/**
 * Makes a text from a peer safe to print on one line of a terminal: control, format, line-separating and bidirectional
 * characters are written as escapes.
 */
export function visible(text: string): string {
  return text.replace(unprintable, (character) => {
    const short = shortEscapes[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0) as number;
    return code > 0xff ? `\\u{${code.toString(16)}}` : `\\x${code.toString(16).padStart(2, "0")}`;
  });
}

const shortEscapes: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };
// Control, format (bidirectional and zero-width among them), line and paragraph separator, and surrogate characters.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Formats an address for people: `127.0.0.1 port 1994`. */
export function place({ ip, port }: Address): string {
  return `${ip} port ${port}`;
}

/**
 * Tells that a request is sent again, and why.
 * @param isBusy whether the server answers, but only that it is to be asked later
 */
export function retryLine(to: Address, sending: number, isBusy: boolean): string {
  return isBusy
    ? `${place(to)} says: try again later; this is try ${sending}`
    : `no answer from ${place(to)} yet, try ${sending}`;
}

/**
 * Formats the outcome of a request as one line that starts with its code, or with `--` if there was no answer.
 * @param verb the type of the request
 * @param to the destination of the request
 */
export function outcomeLine(verb: Message["type"], outcome: Outcome, to: Address): string {
  switch (outcome.kind) {
    case "silent":
      return silenceLine(outcome, to);
    case "answer":
      return outcome.code === "01"
        ? `${outcome.code} ${visible(outcome.message)}`
        : `${outcome.code} ${describeAnswer(outcome.code)}`;
    case "ack": {
      const { code, reason } = outcome;
      const says = describeAck(code);
      // The reason of a 95 says what the words say.
      const words = says.includes(reason) ? says : `${says} (${visible(reason)})`;
      const positive = describeDone(verb, outcome);
      return `${code} ${words}${positive}`;
    }
  }
}

function silenceLine(
  { closed, sendings }: Extract<Outcome, { kind: "silent" }>,
  to: Address,
): string {
  if (closed === true) return `-- nobody listens at ${place(to)}: the port is closed`;
  return `-- no answer from ${place(to)} after ${sendings} ${sendings === 1 ? "try" : "tries"}`;
}

/** A note on a refusal that means done: an earlier sending was carried out and its ACK was lost (protocol §6.4). */
function describeDone(verb: Message["type"], outcome: Outcome): string {
  if (outcome.kind !== "ack" || !outcome.repeated || verdictOf(verb, outcome) !== "done") return "";
  const once = verdictOf(verb, { ...outcome, repeated: false });
  return once === "done" ? "" : " (done by an earlier try)";
}

/** Formats the answer of another device, or why there is none. */
export function peerLine(target: string, result: PeerOutcome): string {
  const { asked, at, outcome, via, why } = result;
  if (asked === "server") return outcomeLine("QUERY", outcome, at);
  if (outcome.kind === "answer") {
    return `${outcome.code} ${target} answers${viaWords(via)}: ${visible(outcome.message)}`;
  }
  if (why !== undefined) {
    return `-- ${target} is not reached: no direct path to ${place(at)}; ${visible(why)}`;
  }
  if (outcome.kind === "silent") {
    if (outcome.closed === true) return `-- ${target} is away: nobody listens at ${place(at)}`;
    const hint = via === "direct" || via === "relayed" ? sealedSilence : "";
    return `-- ${target} did not answer at ${place(at)}${hint}`;
  }
  return outcomeLine("QUERY", outcome, at);
}

/** A device refuses an expired voucher without a word; clients before 1.1 judge that by their own clock. */
const sealedSilence =
  ", though its link opened: check the server's clock and, if its iot-client is older than 1.1, its own";

function viaWords(via: PeerOutcome["via"]): string {
  if (via === "direct") return ", sealed, directly";
  return via === "relayed" ? ", sealed, relayed by the server" : "";
}

/** Formats a latest report as one line. */
export function reportLine({ time, code, message }: LatestReport): string {
  return `reported ${code} at ${visible(time)}: ${visible(message)}`;
}

/**
 * Formats an outcome as one line of JSON.
 * @param about fields that describe the request: its command, id and target
 * @param found fields parsed from the answer
 */
export function jsonOf(
  about: Readonly<Record<string, unknown>>,
  outcome: Outcome,
  verdict: Verdict,
  found: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({ ...about, verdict, ...codeAndWords(outcome), ...found });
}

function codeAndWords(outcome: Outcome): Record<string, unknown> {
  switch (outcome.kind) {
    case "silent":
      return { code: null, words: outcome.closed === true ? "nobody listens there" : "no answer" };
    case "answer":
      return { code: outcome.code, words: describeAnswer(outcome.code) };
    case "ack": {
      const { code, reason } = outcome;
      return { code, words: describeAck(code), ...(reason === "" ? {} : { reason }) };
    }
  }
}

/** The exit code for a verdict. */
export function exitCodeOf(verdict: Verdict): ExitCode {
  switch (verdict) {
    case "done":
      return exitCode.done;
    case "refused":
    case "later":
      return exitCode.refused;
    case "silent":
      return exitCode.noAnswer;
  }
}

function wordsOf({ code, target }: Query, asked: string): string {
  return target === asked ? `a question (${code})` : `about ${visible(target)} (${code})`;
}

/** Formats a request from the server or another device as one line. */
export function eventLine(event: DeviceEvent): string {
  const { kind, message, from } = event;
  const who = `${visible(message.id)} (${place(from)})`;
  switch (kind) {
    case "status":
      return `* ${who} sent status ${message.code}: ${visible(message.message)}`;
    case "command":
      return `* command ${event.number}: ${visible(message.message)}`;
    case "data":
      return `* ${who} sent data ${message.code}: ${visible(message.message)}`;
    case "query":
      return `* ${who} asked ${event.asked} ${wordsOf(message, event.asked)}`;
    case "answer-cut":
      return `* the answer to ${who} is too long: its first ${event.kept} bytes are sent`;
  }
}

/** Formats a failed heartbeat as one line. */
export function heartbeatLine({ id, kind }: HeartbeatEvent): string {
  return kind === "lost"
    ? `* the server knows no session of ${visible(id)} any more: log in again`
    : `* no answer to the heartbeat of ${visible(id)}`;
}
