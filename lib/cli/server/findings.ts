// What `iot-server doctor` has found, and how it is printed. Examines nothing.

import { exitCode, type ExitCode } from "../../operating-error.ts";
import type { WriteLine } from "./commands.ts";
import { printable } from "./printable.ts";

/** What one check has found. */
export type Finding = {
  /** What was looked at, in a word. */
  readonly subject: string;
  /** `bad`: a server with these settings would not start, or would lose something. */
  readonly grade: "ok" | "warning" | "bad";
  readonly says: string;
  /** What to do about it; null if it is ok. */
  readonly nextStep: string | null;
};

/** A finding that all is well. */
export function fine(subject: string, says: string): Finding {
  return { subject, grade: "ok", says, nextStep: null };
}

/**
 * Prints findings, a line each, and below those that are not ok the next step.
 * @returns 1 if one is bad
 */
export function printFindings(
  findings: readonly Finding[],
  json: boolean,
  write: WriteLine,
): ExitCode {
  for (const finding of findings) {
    if (json) {
      write(JSON.stringify(finding));
      continue;
    }
    const { grade, subject, says, nextStep } = finding;
    write(`${grade.padEnd(8)} ${subject.padEnd(10)} ${printable(says)}`);
    if (nextStep !== null) write(`${" ".repeat(20)}${printable(nextStep)}`);
  }
  const isBad = findings.some(({ grade }) => grade === "bad");
  return isBad ? exitCode.refused : exitCode.done;
}
