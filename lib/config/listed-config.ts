// Lists the settings that a server would have, each with where it comes from, for `iot-server config`. Never shows a secret.

import type { Arguments, Origin } from "./arguments.ts";
import type { FlagOf } from "./flag.ts";
import { defaults } from "./server-defaults.ts";
import { type FlagName, flags } from "./server-flags.ts";
import { portKey, settingNames, type SettingsFile } from "./settings-file.ts";

/** A setting as it is listed. */
export type ListedSetting = {
  readonly name: string;
  /** Null if it has none; a switch is true or false. */
  readonly value: string | boolean | readonly string[] | null;
  readonly origin: Origin;
  /** The flag, the variable or the file that it comes from; empty for a default. */
  readonly from: string;
  /** Whether a part of the value is a secret, which is shown as `***`. */
  readonly isHidden: boolean;
};

/** All settings, in the order of --help, the port first. */
export function listedSettings(
  given: Arguments<FlagName>,
  file: SettingsFile,
): readonly ListedSetting[] {
  return settingNames(flags).map((name) =>
    name === portKey ? listedPort(given, file) : listed(name as FlagName, given, file),
  );
}

function listedPort({ positionals }: Arguments<FlagName>, file: SettingsFile): ListedSetting {
  const [argument] = positionals;
  const own = argument ?? file.values.get(portKey)?.toString() ?? null;
  const origin = argument === undefined ? (own === null ? "default" : "file") : "flag";
  const from = { flag: "argument", variable: "", file: file.path, default: "" }[origin];
  return { name: portKey, value: own, origin, from, isHidden: false };
}

function listed(name: FlagName, given: Arguments<FlagName>, file: SettingsFile): ListedSetting {
  const origin = given.originOf(name);
  const { type, isList, isSecret, env }: FlagOf<string> = flags[name];
  const from = { flag: `--${name}`, variable: env ?? "", file: file.path, default: "" }[origin];
  const row = { name, origin, from, isHidden: false };
  if (type === "boolean") return { ...row, value: given.isOn(name) };
  if (isList === true) return { ...row, value: given.values(name) };
  const text = given.value(name) ?? (defaults as Partial<Record<FlagName, string>>)[name] ?? null;
  if (text === null) return { ...row, value: null };
  const shown = isSecret === true ? "***" : withoutPassword(text);
  return { ...row, value: shown, isHidden: shown !== text };
}

/** A text in which the password of a URL is replaced. */
function withoutPassword(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:@/?]*:)[^@/?]*(?=@)/i, "$1***");
}
