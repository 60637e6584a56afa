// The output of `config`, of both programs: TOML that can be kept as a configuration file, with a comment on where each setting comes
// from. Reads no setting itself.

import type { ListedSetting } from "../config/listed-config.ts";
import { exitCode, type ExitCode } from "../operating-error.ts";

/** Where the comments begin, if the setting is not longer. */
const commentColumn = 40;

/** Prints the settings. What is not given, or has a secret, is a comment as a whole: a file made from it repeats neither. */
export function printConfig(
  settings: readonly ListedSetting[],
  json: boolean,
  write: (line: string) => void,
): ExitCode {
  for (const setting of settings) write(json ? jsonOf(setting) : lineOf(setting));
  return exitCode.done;
}

function lineOf({ name, value, origin, from, isHidden }: ListedSetting): string {
  const isGiven = origin !== "default";
  const text = `${isGiven && !isHidden ? "" : "#"}${name} = ${value === null ? "" : toml(value)}`;
  const why = isGiven ? from : value === null ? "not set" : "default";
  return `${text.trimEnd().padEnd(commentColumn)} # ${why}`;
}

function jsonOf({ name, value, origin, from }: ListedSetting): string {
  return JSON.stringify({ name, value, origin, from: from === "" ? null : from });
}

function toml(value: string | boolean | readonly string[]): string {
  if (typeof value === "boolean") return String(value);
  // JSON's escapes are among those of TOML.
  if (typeof value === "string") return /^\d{1,5}$/.test(value) ? value : JSON.stringify(value);
  return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
}
