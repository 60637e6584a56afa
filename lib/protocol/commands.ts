// How commands are written in text messages (clauses 3.5, 4.14, 4.15): the number in the place of a time, the codes, what a
// message may be. Knows no queue and no device.

import type { Status } from "./messages.ts";
import { utf8Bytes } from "./fields.ts";

/** The code of the STATUS of a command. */
export const commandCode = "10";
/** Longest message of a command, in bytes. */
export const commandBytesMax = 1_024;

/** The codes of a result (clause 3.5); any other one means failed, too. */
export const result = { done: "01", failed: "15", unknown: "16" } as const;

const numbered = /^#([1-9]\d{0,15})$/;

/** The time field of a command and of its result. @param number of the command, from 1 to 2^53 - 1 */
export function commandTime(number: number): string {
  return `#${number}`;
}

/** The number in the time field of a STATUS or DATA; null if that is no command's. */
export function commandNumber(time: string): number | null {
  // Asked of each report: most times begin with a digit.
  if (time.charCodeAt(0) !== 0x23) return null;
  const digits = numbered.exec(time)?.[1];
  const number = Number(digits);
  return digits !== undefined && Number.isSafeInteger(number) ? number : null;
}

/** The STATUS of a command. Its bytes depend on nothing else, so each repeat has the same hash. */
export function commandStatus(number: number, message: string): Status {
  return { type: "STATUS", code: commandCode, id: "server", time: commandTime(number), message };
}

/** The message of the answer to a QUERY 04 (clause 4.15). */
export function commandAnswer(number: number, message: string): string {
  return `${commandTime(number)}\t${commandCode}\t${message}`;
}

/** The command in the answer to a QUERY 04; null if none waits, or the answer is something else. */
export function commandIn(
  text: string,
): { readonly number: number; readonly message: string } | null {
  const [time = "", code, ...rest] = text.split("\t");
  const number = commandNumber(time);
  if (number === null || code !== commandCode || rest.length === 0) return null;
  return { number, message: rest.join("\t") };
}

/** What is wrong with the message of a command, as the end of a sentence; null if nothing is. */
export function commandFault(message: string): string | null {
  if (message === "") return "is empty";
  if (!message.isWellFormed()) return "is not Unicode";
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(message)) {
    return "contains a control character other than TAB and LF";
  }
  if (message.endsWith("\n")) return "ends in a line feed";
  const bytes = utf8Bytes(message);
  return bytes > commandBytesMax
    ? `has ${bytes} bytes, and at most ${commandBytesMax} are sent`
    : null;
}
