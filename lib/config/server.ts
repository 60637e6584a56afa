// The server's configuration: the only reader of its flags, environment and configuration file, which are checked once.
// Never opens a file.

import { expect, idValue, ownPort, lastValue, question, sinceValue } from "./server-arguments.ts";
import { type Arguments, type Env, hasSwitch, readArguments } from "./arguments.ts";
import { type Installation, installationOf } from "./installation.ts";
import { listedServer, type ListedSetting } from "./listed-config.ts";
import { type ServeConfig, serveConfig } from "./serve-config.ts";
import {
  type CommandName,
  type FlagName,
  portKey,
  program,
  settable,
  synopses,
} from "./server-flags.ts";
import { type ShellRequest, shellRequest } from "./shell-request.ts";
import { noText, settingsFile, type SettingsFile } from "./settings-file.ts";
import { type DataPlace, dataPlace } from "./store-source.ts";
import { careConfig } from "./care-config.ts";
import type { CommandConfig } from "./command-config.ts";
import { commandsValues, commandValues } from "./command-arguments.ts";
import { alertValue } from "./alert-arguments.ts";
import { mqttValues } from "./mqtt-arguments.ts";
import { devicesValues } from "./devices-arguments.ts";
import { joinValues } from "./join-arguments.ts";
import { labelValues } from "./label-arguments.ts";
import { durationValue } from "./values.ts";

const hourMs = 3_600_000;
/** In the place of a port that is not given and not used. */
const standIn = { name: portKey, text: "1" };

export type ServerConfig =
  | ServeConfig
  | ShellRequest
  | (Installation & { readonly command: "install" })
  | { readonly command: "uninstall"; readonly isUser: boolean }
  | {
      readonly command: "doctor";
      readonly serve: ServeConfig;
      /** Whether no port was given: that of `serve` means nothing then. */
      readonly isAnyPort: boolean;
      readonly json: boolean;
    }
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
  const shell = shellRequest("iot-server", args);
  if (shell !== null) return shell;
  const [first = ""] = args;
  const named = Object.hasOwn(synopses, first) && first !== "serve";
  const command = named ? (first as CommandName) : "serve";
  if (hasSwitch(args, "--help", "-h")) return { command: "help", of: command };
  if (hasSwitch(args, "--version")) return { command: "version" };
  const rest = named ? args.slice(1) : args;
  const settings = settingsFile(readArguments(program, command, rest, env), settable, readText);
  const given = readArguments(program, command, rest, env, settings);
  const place = dataPlace(command, given, env);
  switch (command) {
    case "serve":
      return Object.freeze(serveConfig(given, place, filePort(settings), env));
    case "install": {
      const config = serveConfig(given, place, filePort(settings), env);
      return { command, ...installationOf(rest, config, given) };
    }
    case "doctor": {
      // Without a port it looks at the server that runs here.
      const port = filePort(settings);
      const isAnyPort = given.positionals.length === 0 && port === null;
      const serve = serveConfig(given, place, isAnyPort ? standIn : port, env);
      return { command, serve, isAnyPort, json: given.isOn("json") };
    }
    case "uninstall":
      expect(given.positionals, 0, command);
      return { command, isUser: given.isOn("user") };
    case "mqtt":
      return { ...place, ...mqttValues(given, env) };
    case "config": {
      // Checked as for a start, which the port alone may still lack.
      serveConfig(given, place, filePort(settings) ?? standIn, env);
      return { command, settings: listedServer(given, settings), json: given.isOn("json") };
    }
    default:
      return commandConfig(command, given, place, env, now);
  }
}

function commandConfig(
  command: Exclude<CommandName, "serve" | "config" | "mqtt" | "install" | "uninstall" | "doctor">,
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
      return { ...place, ...devicesValues(given) };
    case "join": {
      const flags = { json, sharedIp: isOn("shared-ip") };
      return { command, ...place, ...flags, ...joinValues(given) };
    }
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

function filePort({ path, values }: SettingsFile): { name: string; text: string } | null {
  const text = values.get(portKey);
  return text === undefined ? null : { name: `${portKey} in ${path}`, text: text.toString() };
}
