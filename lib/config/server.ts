// The server's configuration: the only reader of its flags, environment and configuration file, which are checked once.
// Never opens a file.

import {
  copyValues,
  exportValue,
  expect,
  fileValue,
  idValue,
  ownPort,
  lastValue,
  question,
  sinceValue,
  wrong,
} from "./server-arguments.ts";
import { type Arguments, type Env, hasSwitch, readArguments } from "./arguments.ts";
import { listedSettings, type ListedSetting } from "./listed-config.ts";
import { type ServeConfig, serveConfig } from "./serve-config.ts";
import { type CommandName, type FlagName, program, synopses } from "./server-flags.ts";
import { noFile, portKey, readSettings, type SettingsFile } from "./settings-file.ts";
import { copyPlace, type DataPlace, dataPlace } from "./store-source.ts";
import {
  type Commanded,
  type CommandsAsked,
  commandsValues,
  commandValues,
} from "./command-arguments.ts";
import { type AlertAction, alertValue } from "./alert-arguments.ts";
import { type Labelling, labelValues, selectValue } from "./label-arguments.ts";
import type { Selector } from "../server/selector.ts";
import { durationValue } from "./values.ts";

const hourMs = 3_600_000;

/** The settings of the other commands. */
export type CommandConfig = DataPlace & Asked;

type Asked =
  | {
      readonly command: "query";
      readonly id: string;
      readonly code: string;
      readonly target: string;
      readonly json: boolean;
    }
  | { readonly command: "devices"; readonly json: boolean; readonly select: Selector | null }
  | (Labelling & {
      readonly command: "label";
      /** Whether selected devices are changed without a question. */
      readonly yes: boolean;
      readonly json: boolean;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
    })
  | (Commanded & {
      readonly command: "command";
      readonly waitMs: number;
      readonly yes: boolean;
      readonly json: boolean;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
    })
  | (CommandsAsked & {
      readonly command: "commands";
      readonly json: boolean;
      readonly sharedIp: boolean;
    })
  | { readonly command: "status"; readonly port: number | null; readonly json: boolean }
  | {
      readonly command: "health";
      /** That of one of several servers that share a folder; null for any. */
      readonly port: number | null;
      /** How long the server may take until it serves, ms. */
      readonly waitMs: number;
      readonly json: boolean;
    }
  | { readonly command: "device"; readonly id: string; readonly json: boolean }
  | { readonly command: "allow-text"; readonly id: string }
  | {
      readonly command: "deregister" | "password";
      readonly id: string;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
    }
  | { readonly command: "alert"; readonly alert: AlertAction; readonly json: boolean }
  | { readonly command: "fingerprint" | "check" | "open" }
  | { readonly command: "backup" | "restore"; readonly file: string }
  /** `db` is what is copied, `store` where to. */
  | { readonly command: "copy"; readonly sharedIp: boolean }
  | {
      readonly command: "import";
      readonly file: string;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
      /** Whether nothing is changed. */
      readonly dryRun: boolean;
    }
  | {
      readonly command: "export";
      readonly what: "devices" | "reports";
      readonly format: "csv" | "ndjson";
    }
  | {
      readonly command: "reports";
      readonly id: string;
      readonly last: number;
      /** Time of the oldest report, ms since 1970; 0 for all. */
      readonly since: number;
      readonly json: boolean;
    };

export type ServerConfig =
  | ServeConfig
  | {
      readonly command: "config";
      readonly settings: readonly ListedSetting[];
      readonly json: boolean;
    }
  | CommandConfig
  | { readonly command: "help"; readonly of: CommandName }
  | { readonly command: "version" };

/**
 * Reads the command line, the environment, and the configuration file if one is named.
 * @param args the arguments after the program's name
 * @param now ms since 1970, for `--since 2h`
 * @param readText reads the file; throws an OperatingError if it cannot be read
 * @throws OperatingError `usage`
 */
export function readServerConfig(
  args: readonly string[],
  env: Env,
  now: number,
  readText: (path: string) => string = noText,
): ServerConfig {
  const [first = ""] = args;
  const named = Object.hasOwn(synopses, first) && first !== "serve";
  const command = named ? (first as CommandName) : "serve";
  if (hasSwitch(args, "--help", "-h")) return { command: "help", of: command };
  if (hasSwitch(args, "--version")) return { command: "version" };
  const rest = named ? args.slice(1) : args;
  const settings = settingsFile(readArguments(program, command, rest, env), readText);
  const given = readArguments(program, command, rest, env, settings);
  const place = dataPlace(command, given, env);
  switch (command) {
    case "serve":
      return Object.freeze(serveConfig(given, place, filePort(settings)));
    case "config": {
      // Checked as for a start, which the port alone may still lack.
      serveConfig(given, place, filePort(settings) ?? { name: portKey, text: "1" });
      return { command, settings: listedSettings(given, settings), json: given.isOn("json") };
    }
    default:
      return commandConfig(command, given, place, env, now);
  }
}

function commandConfig(
  command: Exclude<CommandName, "serve" | "config">,
  given: Arguments<FlagName>,
  place: DataPlace,
  env: Env,
  now: number,
): CommandConfig {
  const { positionals, value, isOn } = given;
  const json = isOn("json");
  switch (command) {
    case "query":
      return { command, ...place, json, ...question(positionals) };
    case "devices":
      if (positionals[0] === "allow-text") {
        expect(positionals, 2, "devices");
        return { command: "allow-text", ...place, id: idValue("devices", positionals[1]) };
      }
      if (positionals[0] !== undefined) {
        expect(positionals, 1, "devices");
        return { command: "device", ...place, json, id: soleId(positionals[0], given) };
      }
      return { command, ...place, json, select: selectValue(value("select"), isOn("online")) };
    case "deregister":
    case "password": {
      expect(positionals, 1, command);
      const id = idValue(command, positionals[0]);
      return { command, ...place, id, sharedIp: isOn("shared-ip") };
    }
    case "label": {
      const flags = { json, yes: isOn("yes"), sharedIp: isOn("shared-ip") };
      return { command, ...place, ...flags, ...labelValues(positionals, value("select")) };
    }
    case "command": {
      const flags = { json, yes: isOn("yes"), sharedIp: isOn("shared-ip") };
      const waitMs = durationValue("--wait", value("wait") ?? "0s", 0, 30 * 24 * hourMs);
      return { command, ...place, ...flags, waitMs, ...commandValues(positionals, value) };
    }
    case "commands": {
      const asked = commandsValues(positionals, value("device"), isOn("all"));
      return { command, ...place, json, sharedIp: isOn("shared-ip"), ...asked };
    }
    case "alert":
      return { command, ...place, json, alert: alertValue(given) };
    case "status":
      return { command, ...place, json, port: ownPort(command, positionals) };
    case "health":
      return {
        command,
        ...place,
        json,
        port: ownPort(command, positionals),
        waitMs: durationValue("--wait", value("wait") ?? "0s", 0, hourMs),
      };
    case "reports": {
      expect(positionals, 1, "reports");
      const since = value("since");
      return {
        command,
        ...place,
        json,
        id: idValue("reports", positionals[0]),
        last: lastValue(value("last"), since),
        since: since === null ? 0 : sinceValue(since, now),
      };
    }
    default:
      return careConfig(command, given, place, env);
  }
}

/** The commands that maintain the data, and those that only need to know where these are. */
function careConfig(
  command: "open" | "fingerprint" | "check" | "backup" | "restore" | "copy" | "export" | "import",
  given: Arguments<FlagName>,
  place: DataPlace,
  env: Env,
): CommandConfig {
  const { positionals, value, isOn } = given;
  switch (command) {
    case "open":
    case "fingerprint":
    case "check":
      expect(positionals, 0, command);
      return { command, ...place };
    case "import": {
      expect(positionals, 1, command);
      const file = fileValue(command, positionals[0]);
      const flags = { sharedIp: isOn("shared-ip"), dryRun: isOn("dry-run") };
      return { command, ...place, file, ...flags };
    }
    case "backup":
    case "restore":
      expect(positionals, 1, command);
      return { command, ...place, file: fileValue(command, positionals[0]) };
    case "copy": {
      const { file, target } = copyValues(positionals);
      return { command, ...copyPlace(file, target, given, env), sharedIp: isOn("shared-ip") };
    }
    case "export":
      expect(positionals, 1, command);
      return {
        command,
        ...place,
        ...exportValue(positionals[0] ?? "devices", value("format") ?? "csv"),
      };
  }
}

/** The device of which all is told: it is named, not selected. */
function soleId(text: string, { value, isOn }: Arguments<FlagName>): string {
  const id = idValue("devices", text);
  if (value("select") === null && !isOn("online")) return id;
  throw wrong(
    `${id} is named, and others are selected.`,
    "Name one device, or give --select and --online.",
  );
}

function noText(path: string): never {
  throw new Error(`${path}: nothing here reads files`);
}

function settingsFile(
  { value }: Arguments<FlagName>,
  readText: (path: string) => string,
): SettingsFile {
  const path = value("config");
  return path === null ? noFile : readSettings(path, readText(path), program.flags);
}

function filePort({ path, values }: SettingsFile): { name: string; text: string } | null {
  const text = values.get(portKey);
  return text === undefined ? null : { name: `${portKey} in ${path}`, text: text.toString() };
}
