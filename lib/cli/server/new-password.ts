// Asks for a new password of a device: twice on a terminal, once from a pipe. Never prints it.

import { usageError } from "../../config/values.ts";
import { fieldRules, isPassword } from "../../protocol/fields.ts";
import type { Terminal } from "../client/terminal.ts";

/**
 * The new password of a device.
 * @throws OperatingError `usage` if there is none, it is not valid, or the second differs
 */
export async function newPassword(
  id: string,
  terminal: Pick<Terminal, "ask" | "interactive">,
): Promise<string> {
  const { interactive } = terminal;
  const password = await terminal.ask(`New password of ${id}: `, interactive);
  if (password === null || password === "") {
    throw usageError(
      "There is no password.",
      `Type it, or write it to standard input: iot-server password ${id} < FILE`,
    );
  }
  if (!isPassword(password)) {
    throw usageError("This is no valid password.", `${fieldRules.password.says}.`);
  }
  if (interactive && (await terminal.ask("Once more: ", true)) !== password) {
    throw usageError("The two passwords differ.", "Nothing was changed: repeat the command.");
  }
  return password;
}
