// How both binaries tell an operating error on standard error: what is wrong, and below it what to do. Ends nothing.

import { createConsola } from "consola";
import { colors } from "consola/utils";
import type { OperatingError } from "../operating-error.ts";

/** consola's own reporters take `_` and backticks for markup: of a file's name something would be missing. */
const teller = createConsola({
  level: 1,
  reporters: [{ log: ({ type, args }) => write(type === "warn" ? "warning" : "error", args) }],
});

/** Tells an error: two lines, the word «error» in red on a terminal. */
export function tellFailure({ message, nextStep }: OperatingError): void {
  teller.error(message, nextStep);
}

/** Tells what is amiss where the program goes on without it: two lines, as for an error. */
export function tellWarning({ message, nextStep }: OperatingError): void {
  teller.warn(message, nextStep);
}

function write(word: "error" | "warning", [message, nextStep]: unknown[]): void {
  const color = word === "error" ? colors.red : colors.yellow;
  const shown = process.stderr.isTTY ? colors.bold(color(word)) : word;
  process.stderr.write(`${shown}: ${String(message)}\n  ${String(nextStep)}\n`);
}
