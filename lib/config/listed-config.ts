// Lists the settings that a program would have, each with where it comes from, for its command config. Never shows a secret.

import type { Arguments, Origin } from "./arguments.ts";
import { clientDefaults } from "./client-defaults.ts";
import * as client from "./client-flags.ts";
import type { FlagOf } from "./flag.ts";
import { defaults } from "./server-defaults.ts";
import * as server from "./server-flags.ts";
import type { SettingsFile } from "./settings-file.ts";

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

/** All settings of the server, in the order of --help, the port first. */
export function listedServer(
  given: Arguments<server.FlagName>,
  file: SettingsFile,
): readonly ListedSetting[] {
  const { names, flags } = server.settable;
  return names.map((name) => {
    if (name === server.portKey) return listedPort(given, file);
    return listed(name as server.FlagName, flags[name] as FlagOf<string>, given, file, defaults);
  });
}

/** All settings of the client, in the order of --help. */
export function listedClient(
  given: Arguments<client.FlagName>,
  file: SettingsFile,
): readonly ListedSetting[] {
  const { names, flags } = client.settable;
  return names.map((name) =>
    listed(name as client.FlagName, flags[name] as FlagOf<string>, given, file, clientDefaults),
  );
}

function listedPort(
  { positionals }: Arguments<server.FlagName>,
  file: SettingsFile,
): ListedSetting {
  const [argument] = positionals;
  const own = argument ?? file.values.get(server.portKey)?.toString() ?? null;
  const origin = argument === undefined ? (own === null ? "default" : "file") : "flag";
  const from = { flag: "argument", variable: "", file: file.path, default: "" }[origin];
  return { name: server.portKey, value: own, origin, from, isHidden: false };
}

function listed<Name extends string>(
  name: Name,
  { type, isList, isSecret, env }: FlagOf<string>,
  given: Arguments<Name>,
  file: SettingsFile,
  defaultsOf: Readonly<Partial<Record<Name, string>>>,
): ListedSetting {
  const origin = given.originOf(name);
  const from = { flag: `--${name}`, variable: env ?? "", file: file.path, default: "" }[origin];
  const row = { name, origin, from, isHidden: false };
  if (type === "boolean") return { ...row, value: given.isOn(name) };
  if (isList === true) return { ...row, value: given.values(name) };
  const text = given.value(name) ?? defaultsOf[name] ?? null;
  if (text === null) return { ...row, value: null };
  const shown = isSecret === true ? "***" : withoutPassword(text);
  return { ...row, value: shown, isHidden: shown !== text };
}

/** A text in which the password of a URL is replaced. */
function withoutPassword(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:@/?]*:)[^@/?]*(?=@)/i, "$1***");
}
