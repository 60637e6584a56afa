// Reads the text of a configuration file. Knows nothing of its content.

import { readFileSync, statSync } from "node:fs";
import { exitCode, OperatingError } from "../operating-error.ts";

const bytesMax = 1 << 20;
/** What others must not read, wherever it is: a URL with a password, a join token. */
const secrets = [
  ["a password", /:\/\/[^\s:@/"']*:[^\s@/"']+@/],
  ["a join token", /\bjoin-[0-9a-z]{26}\b/i],
] as const;

/**
 * Reads a small text file.
 * @throws OperatingError `config-unreadable`; `secret-exposed` if it has a secret and others can read it
 */
export function readSettingsText(path: string): string {
  try {
    const { size, mode } = statSync(path);
    if (size > bytesMax) throw new Error("it has more than 1 MiB");
    const text = readFileSync(path, "utf8");
    const isOpen = process.platform !== "win32" && (mode & 0o077) !== 0;
    const secret = secrets.find(([, form]) => form.test(text));
    if (isOpen && secret !== undefined) throw exposed(path, secret[0]);
    return text;
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const { code, message } = error as { code?: string; message: string };
    throw new OperatingError(
      "config-unreadable",
      code === "ENOENT"
        ? `There is no configuration file ${path}.`
        : `The configuration file ${path} cannot be read (${code ?? message}).`,
      "Name it with --config, and let this user read it.",
      exitCode.usage,
    );
  }
}

function exposed(path: string, secret: string): OperatingError {
  return new OperatingError(
    "secret-exposed",
    `${path} contains ${secret}, and others can read it.`,
    `If nobody has read it: chmod 600 ${path}. Else change it first.`,
  );
}
