// How both binaries tell an operating error on standard error: what is wrong, and below it what to do. Ends nothing.

import { createConsola } from "consola";
import { colors } from "consola/utils";
import type { OperatingError } from "../operating-error.ts";

/** consola's own reporters take `_` and backticks for markup: of a file's name something would be missing. */
const teller = createConsola({ level: 0, reporters: [{ log: ({ args }) => write(args) }] });

/** Tells an error: two lines, the word «error» in red on a terminal. */
export function tellFailure({ message, nextStep }: OperatingError): void {
  teller.error(message, nextStep);
}

function write([message, nextStep]: unknown[]): void {
  const word = process.stderr.isTTY ? colors.bold(colors.red("error")) : "error";
  process.stderr.write(`${word}: ${String(message)}\n  ${String(nextStep)}\n`);
}
