// Gets the password from the configured source. Never prints it, and never takes it from the command line.

import type { PasswordSource } from "../../config/client-arguments.ts";
import { usageError } from "../../config/values.ts";
import type { OperatingError } from "../../operating-error.ts";
import { fieldRules, isPassword } from "../../protocol/fields.ts";
import type { Machine } from "./machine.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Gets the password of the device.
 * @param id the device; null for a fleet and the menu, for which none is kept
 * @param terminal the terminal if one is open, or null to open one for the prompt
 * @throws OperatingError `usage` if it has to be typed and standard input is no terminal or ends; `password-file`
 */
export async function passwordFrom(
  source: PasswordSource,
  id: string | null,
  machine: Machine,
  terminal: Terminal | null = null,
): Promise<string> {
  switch (source.kind) {
    case "given":
      return source.password;
    case "file":
      return await machine.readPasswordFile(source.path);
    case "join":
      return id === null ? `${source.token}.` : joined(source.token, id, machine);
    case "ask": {
      const kept = id === null ? null : machine.keptPassword(id);
      return kept ?? (await askPassword(machine, terminal));
    }
  }
}

/**
 * The password that was made of a token: the token, a dot and a secret of the device's own. It is on the disk before it is
 * used, so a device whose REGISTER was answered knows its password.
 */
function joined(token: string, id: string, machine: Machine): string {
  const kept = machine.keptPassword(id);
  if (kept?.startsWith(`${token}.`) === true) return kept;
  const password = `${token}.${secretOf(machine)}`;
  machine.keepPassword(id, password);
  return password;
}

/** The password that this machine once made for a name and keeps; else it makes one. */
export function ownPassword(name: string, machine: Machine): string {
  const kept = machine.keptPassword(name);
  if (kept !== null) return kept;
  const password = secretOf(machine);
  machine.keepPassword(name, password);
  return password;
}

const secretBytes = 18;

function secretOf(machine: Machine): string {
  return Buffer.from(machine.randomBytes(secretBytes)).toString("base64url");
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
  return usageError(
    message,
    "Set IOT_PASSWORD, name a file with --password-file, or give a join token: --join.",
  );
}
