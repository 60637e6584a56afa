// How both binaries print an operating error or a warning to standard error: what is wrong, and below it what to do.
// Never ends the process.

import { createConsola } from "consola";
import { colors } from "consola/utils";
import type { OperatingError } from "../operating-error.ts";

/** A reporter of our own: those of consola treat `_` and backticks as markup, and would drop them from file names. */
const teller = createConsola({
  level: 1,
  reporters: [{ log: ({ type, args }) => write(type === "warn" ? "warning" : "error", args) }],
});

/** Prints an error in two lines; on a terminal the word «error» is red. */
export function tellFailure({ message, nextStep }: OperatingError): void {
  teller.error(message, nextStep);
}

/** Prints a warning in two lines, for an operating error that does not stop the program. */
export function tellWarning({ message, nextStep }: OperatingError): void {
  teller.warn(message, nextStep);
}

function write(word: "error" | "warning", [message, nextStep]: unknown[]): void {
  const color = word === "error" ? colors.red : colors.yellow;
  const shown = process.stderr.isTTY ? colors.bold(color(word)) : word;
  process.stderr.write(`${shown}: ${String(message)}\n  ${String(nextStep)}\n`);
}
