// Gets the password from where the configuration says. Never prints it, never takes it from the command line.

import type { PasswordSource } from "../../config/client-arguments.ts";
import { usageError } from "../../config/values.ts";
import type { OperatingError } from "../../operating-error.ts";
import { fieldRules, isPassword } from "../../protocol/fields.ts";
import type { Machine } from "./machine.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The password of the device.
 * @param terminal the terminal that is open already, or null to open one for the question
 * @throws OperatingError `usage` where nobody can be asked, `password-file`
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
