// Gets the password from the configured source. Never prints it, and never takes it from the command line.

import type { PasswordSource } from "../../config/client-arguments.ts";
import { usageError } from "../../config/values.ts";
import type { OperatingError } from "../../operating-error.ts";
import { fieldRules, isPassword } from "../../protocol/fields.ts";
import type { Machine } from "./machine.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Gets the password of the device.
 * @param terminal the terminal if one is open, or null to open one for the prompt
 * @throws OperatingError `usage` if it has to be typed and standard input is no terminal or ends; `password-file`
 */
export async function passwordFrom(
  source: PasswordSource,
  machine: Machine,
  terminal: Terminal | null = null,
): Promise<string> {
  switch (source.kind) {
    case "given":
      return source.password;
    case "file":
      return await machine.readPasswordFile(source.path);
    case "ask":
      return await askPassword(machine, terminal);
  }
}

async function askPassword(machine: Machine, open: Terminal | null): Promise<string> {
  if (!machine.personTypes) throw noPassword("There is no password, and nobody to ask.");
  const terminal = open ?? machine.openTerminal();
  try {
    for (;;) {
      const password = await terminal.ask("Password: ", true);
      if (password === null) throw noPassword("There is no password.");
      if (isPassword(password)) return password;
      terminal.notice(`${fieldRules.password.says}.`);
    }
  } finally {
    if (open === null) terminal.close();
  }
}

function noPassword(message: string): OperatingError {
  return usageError(message, "Set IOT_PASSWORD, or name a file with --password-file.");
}
