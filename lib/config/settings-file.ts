// Reads the text of a configuration file (TOML): its keys are flags of the program. Never opens a file, and leaves the values to
// who reads those of flags.

import type { FlagOf } from "./flag.ts";
import { didYouMean } from "./nearest.ts";
import { quoted, usageError } from "./values.ts";

/** The settings of a file, by the names of their flags; switches are `1` or `0`. */
export type SettingsFile = {
  /** Its path, as it was given: errors name it. */
  readonly path: string;
  readonly values: ReadonlyMap<string, string | readonly string[]>;
};

/** What a command has without a file. */
export const noFile: SettingsFile = { path: "", values: new Map() };

/** What the file of a program may have. */
export type Settable = {
  /** The program: errors name its --help. */
  readonly program: string;
  /** The keys, in the order of --help. */
  readonly names: readonly string[];
  readonly flags: Readonly<Record<string, FlagOf<string>>>;
};

/** For who reads no files. */
export function noText(path: string): never {
  throw new Error(`${path}: nothing here reads files`);
}

/** The file that `--config` or its variable names. @throws OperatingError those of `readSettings` and `readText` */
export function settingsFile(
  { value }: { value(name: "config"): string | null },
  settable: Settable,
  readText: (path: string) => string,
): SettingsFile {
  const path = value("config");
  return path === null ? noFile : readSettings(path, readText(path), settable);
}

/**
 * Reads the text of a file.
 * @throws OperatingError `usage`, which names the file, and the key or the line
 */
function readSettings(
  path: string,
  text: string,
  { program, names: keys, flags }: Settable,
): SettingsFile {
  const values = new Map<string, string | readonly string[]>();
  for (const [key, value] of Object.entries(parsed(path, text))) {
    if (!keys.includes(key)) throw unknownKey(path, key, value, keys, program);
    const isSwitch = flags[key]?.type === "boolean";
    const isList = flags[key]?.isList === true;
    values.set(
      key,
      isSwitch ? switchIn(path, key, value) : valueIn(path, key, value, isList, keys),
    );
  }
  return { path, values };
}

function parsed(path: string, text: string): Record<string, unknown> {
  try {
    return Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (error) {
    const why = sentenceOf(error);
    const line = faultyLine(text, why);
    throw usageError(
      `${path}${line === null ? "" : `, line ${line}`}: ${why}.`,
      'Write a setting a line, as: log-level = "debug". Texts are in double quotes.',
    );
  }
}

function sentenceOf(error: unknown): string {
  const { message } = error as Error;
  return message.replace(/^TOML Parse error: /, "").replace(/\.$/, "");
}

/** The parser does not tell the line: it is the first one after which the beginning of the text is wrong in the same way. */
function faultyLine(text: string, why: string): number | null {
  const lines = text.split("\n");
  if (lines.length > 1_000) return null;
  for (let count = 1; count <= lines.length; count++) {
    try {
      Bun.TOML.parse(lines.slice(0, count).join("\n"));
    } catch (error) {
      if (sentenceOf(error) === why) return count;
    }
  }
  return null;
}

function unknownKey(
  path: string,
  key: string,
  value: unknown,
  keys: readonly string[],
  program: string,
) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return usageError(`${path} has the table [${key}].`, "Write all settings without tables.");
  }
  const all = `The keys are the options of ${program} --help, without dashes before them.`;
  const written = key.replaceAll("_", "-").toLowerCase().replace(/^-+/, "");
  const longer = keys.find((one) => one.startsWith(`${written}-`));
  const meant = longer === undefined ? didYouMean(written, keys) : `Did you mean ${longer}? `;
  return usageError(`${path} has the unknown key ${quoted(key)}.`, `${meant}${all}`);
}

function switchIn(path: string, key: string, value: unknown): string {
  if (value === true) return "1";
  if (value === false) return "0";
  throw usageError(`${key} in ${path} is ${shown(value)}.`, "Write true or false.");
}

function valueIn(
  path: string,
  key: string,
  value: unknown,
  isList: boolean,
  keys: readonly string[],
): string | readonly string[] {
  const text = textOf(value);
  if (text !== null) return text;
  if (isList && Array.isArray(value)) {
    const all = value.map(textOf);
    if (!all.includes(null)) return all as string[];
  }
  const off = keys.includes(`no-${key}`) && value === false;
  const forms = isList ? `${key} = ["one", "other"]` : `${key} = "…"`;
  throw usageError(
    `${key} in ${path} is ${shown(value)}.`,
    off ? `Write: no-${key} = true` : `Write a text: ${forms}`,
  );
}

/** A text that is not empty, or a whole number; null for everything else. */
function textOf(value: unknown): string | null {
  if (typeof value === "string" && value !== "") return value;
  return Number.isSafeInteger(value) ? String(value) : null;
}

function shown(value: unknown): string {
  return quoted(typeof value === "string" ? value : (JSON.stringify(value) ?? String(value)));
}
