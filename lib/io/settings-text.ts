// Reads the text of a configuration file. Knows nothing of its content.

import { readFileSync, statSync } from "node:fs";
import { exitCode, OperatingError } from "../operating-error.ts";

const bytesMax = 1 << 20;

/**
 * Reads a small text file.
 * @throws OperatingError `config-unreadable`
 */
export function readSettingsText(path: string): string {
  try {
    if (statSync(path).size > bytesMax) throw new Error("it has more than 1 MiB");
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new OperatingError(
      "config-unreadable",
      code === "ENOENT"
        ? `There is no configuration file ${path}.`
        : `The configuration file ${path} cannot be read (${code ?? message}).`,
      "Name it with --config or IOT_CONFIG, and let this user read it.",
      exitCode.usage,
    );
  }
}
