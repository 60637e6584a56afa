// Parses and checks values of flags and environment variables. Never reads either, and knows no particular flag.

import { durationToType, typedDuration } from "../server/duration-text.ts";
import { isPort } from "../protocol/fields.ts";
import { exitCode, OperatingError } from "../operating-error.ts";

/**
 * Makes the error for a wrong argument or variable: code `usage`, exit code 2.
 * @param message what is wrong; it names the flag, argument or variable
 * @param nextStep what to write instead
 */
export function usageError(message: string, nextStep: string): OperatingError {
  return new OperatingError("usage", message, nextStep, exitCode.usage);
}

/**
 * Parses a port, 1 to 65535.
 * @param name the flag or argument, for the error
 * @throws OperatingError `usage`
 */
export function portValue(name: string, text: string): number {
  if (isPort(text)) return Number(text);
  throw usageError(`${name} is ${quoted(text)}, not a port.`, "Give a number from 1 to 65535.");
}

/**
 * Parses a duration such as `500ms`, `60s`, `5m`, `1h`, `90d`. A number without a unit is refused: whoever writes 90 for
 * 90 days must not get 90 seconds.
 * @param name the flag or argument, for the error
 * @param minMs the shortest duration allowed, in ms
 * @param maxMs the longest duration allowed, in ms
 * @returns milliseconds
 * @throws OperatingError `usage`
 */
export function durationValue(name: string, text: string, minMs: number, maxMs: number): number {
  if (/^\d{1,9}$/.test(text)) {
    const forms = `${text}d for days, ${text}h for hours, ${text}s for seconds`;
    throw usageError(`${name} is ${quoted(text)}, a number without a unit.`, `Write ${forms}.`);
  }
  const ms = typedDuration(text);
  if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
  throw usageError(
    `${name} is ${quoted(text)}, not a duration from ${durationToType(minMs)} to ${durationToType(maxMs)}.`,
    "Write it as 500ms, 60s, 5m or 1h.",
  );
}

/**
 * Parses a whole number.
 * @param name the flag or argument, for the error
 * @throws OperatingError `usage`
 */
export function countValue(name: string, text: string, min: number, max: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw usageError(
    `${name} is ${quoted(text)}, not a number.`,
    `Give a whole number from ${min} to ${max}.`,
  );
}

/** Quotes a text from the command line for an error: on one line, cut after 60 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
