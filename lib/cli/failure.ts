// How both binaries print an operating error or a warning to standard error: what is wrong, and below it what to do.
// Never ends the process.

import { createConsola } from "consola";
import { colors } from "consola/utils";
import { type ExitCode, exitCode, type Notice, OperatingError } from "../operating-error.ts";

/** A reporter of our own: those of consola treat `_` and backticks as markup, and would drop them from file names. */
const teller = createConsola({
  level: 1,
  reporters: [{ log: ({ type, args }) => write(type === "warn" ? "warning" : "error", args) }],
});

/** Prints an error in two lines; on a terminal the word «error» is red. Nothing if only the reader has gone. */
export function tellFailure({ message, nextStep, exit }: OperatingError): void {
  if (exit !== exitCode.readerGone) teller.error(message, nextStep);
}

/**
 * The exit code of a program at its end.
 * @param exit that of its command
 * @param broken why its output is not complete, or null; it is told here, unless it has ended the command
 */
export function exitAfter(exit: ExitCode, broken: OperatingError | null): ExitCode {
  if (broken === null || exit === broken.exit) return exit;
  tellFailure(broken);
  return exit === exitCode.done ? broken.exit : exit;
}

/** Prints a warning in two lines, for what does not stop the program. */
export function tellWarning({ message, nextStep }: Notice): void {
  teller.warn(message, nextStep);
}

/**
 * The operating error in what was thrown: itself, or an error of the system, such as a full disk or a file that may not
 * be read, that no code on its way could say more about.
 * @throws everything else: it is a broken invariant, and its trace is wanted
 */
export function operatingErrorIn(error: unknown): OperatingError {
  if (error instanceof OperatingError) return error;
  const { code, syscall } = error as { code?: string; syscall?: string };
  if (!(error instanceof Error) || code === undefined || syscall === undefined) throw error;
  return new OperatingError("system-error", `${error.message}.`, cures[code] ?? anyCure);
}

const anyCure = "Check the file and the disk that it is on, then repeat the command.";
const cures: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full: make room, then repeat the command.",
  EDQUOT: "The quota of this user is used up: make room, then repeat the command.",
  EFBIG:
    "The limit for the size of a file is reached: raise it (ulimit -f), then repeat the command.",
  EACCES: "Give this user access to it, or run the command as a user that has it.",
  EPERM: "Give this user access to it, or run the command as a user that has it.",
  EROFS: "Its file system may only be read: choose another place.",
  EMFILE: "Raise the limit of open files (ulimit -n), then repeat the command.",
};

function write(word: "error" | "warning", [message, nextStep]: unknown[]): void {
  const color = word === "error" ? colors.red : colors.yellow;
  const shown = process.stderr.isTTY ? colors.bold(color(word)) : word;
  process.stderr.write(`${shown}: ${String(message)}\n  ${String(nextStep)}\n`);
}
