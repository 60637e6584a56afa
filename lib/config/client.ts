// The client's configuration: the only reader of its flags and environment, which are checked once and frozen. Never
// opens a file and never prompts: for a password that has to be read or typed, only the source is configured here.

import { commandNumber } from "../protocol/commands.ts";
import { isId } from "../protocol/fields.ts";
import { heartbeatSecondsMax, heartbeatSecondsMin } from "../protocol/limits.ts";
import { type Env, hasSwitch, readArguments } from "./arguments.ts";
import {
  codeOf,
  expectPositionals,
  field,
  type Given,
  idOf,
  type PasswordSource,
  passwordOf,
  questionOf,
  type QueryWhat,
  refusePassword,
  serversIn,
  timeoutOf,
} from "./client-arguments.ts";
import { clientDefaults } from "./client-defaults.ts";
import { type RunSettings, runSettings } from "./client-agent.ts";
import {
  type CommandName,
  commandNames,
  type FlagName,
  program,
  settable,
  synopses,
} from "./client-flags.ts";
import { listedClient, type ListedSetting } from "./listed-config.ts";
import { noText, settingsFile, type SettingsFile } from "./settings-file.ts";
import { readSimulate, type SimulateConfig } from "./client-simulation.ts";
import { type Sealed, sealedOf, type Sealing, sealingOf } from "./client-sealing.ts";
import { hostValue, type ServerName, serverNameValue } from "./server-name.ts";
import { shellCommandNames, type ShellRequest, shellRequest } from "./shell-request.ts";
import { didYouMean } from "./nearest.ts";
import type { OperatingError } from "../operating-error.ts";
import { durationValue, portValue, quoted, usageError } from "./values.ts";

/** What all commands but help, version and trust have; `mac` and `ip` are null for those of this machine. */
export type Common = {
  readonly id: string;
  /** At least one; the next is used when one is silent. */
  readonly servers: readonly ServerName[];
  readonly sealing: Sealing;
  readonly mac: string | null;
  readonly ip: string | null;
  readonly port: number;
  readonly password: PasswordSource;
  readonly json: boolean;
  /** How long the command waits without progress, in ms; Infinity for the whole retry schedule of a request. */
  readonly timeoutMs: number;
  readonly heartbeatSeconds: number;
};

/** The command and its settings. */
export type ClientConfig =
  | { readonly command: "version" }
  | ShellRequest
  /** `of`: the command asked about; null for the program. */
  | { readonly command: "help"; readonly of: Exclude<CommandName, "menu"> | null }
  | (Common & { readonly command: "menu" })
  | (Common & { readonly command: "register" | "deregister" | "login" | "logoff" })
  | (Common & { readonly command: "status"; readonly message: string })
  | (Common & { readonly command: "send"; readonly code: string; readonly message: string | null })
  | (Common & { readonly command: "query"; readonly what: QueryWhat; readonly target: string })
  | (Common & {
      readonly command: "answer";
      readonly number: number;
      readonly message: string;
      readonly failed: boolean;
    })
  | (Common & { readonly command: "peer"; readonly target: string })
  | (Common & RunSettings & { readonly command: "run" | "wake" })
  | {
      readonly command: "config";
      readonly settings: readonly ListedSetting[];
      readonly json: boolean;
    }
  | SimulateConfig
  | TrustConfig;

/** The settings of trust, which needs neither a device nor a password. */
export type TrustConfig = {
  readonly command: "trust";
  readonly server: ServerName;
  readonly sealing: Sealed;
  /** Whether the key may replace another pinned key. */
  readonly replace: boolean;
  /** How long the server has to show its key, in ms. */
  readonly timeoutMs: number;
};

/** A person or a script waits for all commands but the menu and run; for each of several servers so long. */
const oneShotMs = 10_000;

/**
 * Reads the command line, the environment and the configuration file.
 * @param args the arguments after the program's name
 * @param env the environment; an empty variable counts as absent
 * @param readText reads the configuration file, if one is named
 * @param hostName of this machine: it is proposed where a device begins without an id
 * @throws OperatingError `usage`, and those of `readText`
 */
export function readClientConfig(
  args: readonly string[],
  env: Env,
  readText: (path: string) => string = noText,
  hostName = "",
): ClientConfig {
  const first = args[0];
  if (first === undefined) throw usageError("No command.", "See iot-client --help.");
  const shell = shellRequest("iot-client", args);
  if (shell !== null) return shell;
  if (first === "help" || hasSwitch(args, "--help", "-h")) {
    const asked = first === "help" ? args[1] : first;
    return { command: "help", of: commandNames().find((name) => name === asked) ?? null };
  }
  if (hasSwitch(args, "--version")) return { command: "version" };
  refusePassword(args);
  const named = Object.hasOwn(synopses, first) && first !== "menu";
  // A misspelled command. The menu has four arguments and then its options, none of them these.
  if (!named && isId(first) && args.slice(1, 4).some((arg) => /^--(id|server)(=|$)/.test(arg))) {
    throw unknownCommand(first);
  }
  const command = named ? (first as CommandName) : "menu";
  const rest = named ? args.slice(1) : args;
  const file = settingsFile(readArguments(program, command, rest, env), settable, readText);
  const given = readArguments(program, command, rest, env, file);
  switch (command) {
    case "menu":
      return Object.freeze(readMenu(given, env));
    case "trust":
      return Object.freeze(readTrust(given));
    case "simulate":
      return Object.freeze(readSimulate(given, env));
    case "config":
      return Object.freeze(readListed(given, env, file));
    default:
      return Object.freeze(readCommand(command, given, env, hostName));
  }
}

function unknownCommand(word: string): OperatingError {
  const all = [...commandNames(), ...shellCommandNames];
  return usageError(
    `Unknown command ${quoted(word)}.`,
    `${didYouMean(word, all)}The commands are: ${all.join(", ")}.`,
  );
}

/** The settings of run, checked as for a start, which only the id and the server may still lack. */
function readListed(given: Given, env: Env, file: SettingsFile): ClientConfig {
  expectPositionals("config", given.positionals, 0, 0);
  const lacking: Readonly<Partial<Record<FlagName, string>>> = { id: "-", server: "-:1" };
  const value = (name: FlagName) => given.value(name) ?? lacking[name] ?? null;
  readCommand("run", { ...given, value }, env);
  const json = given.originOf("json") === "flag";
  return { command: "config", settings: listedClient(given, file), json };
}

function readMenu(given: Given, env: Env): ClientConfig {
  const { positionals } = given;
  const [id = "", host = "", port = "", devicePort = ""] = positionals;
  if (positionals.length === 1 && isId(id)) throw unknownCommand(id);
  if (positionals.length !== 4) {
    throw usageError(
      `The menu takes 4 arguments, not ${positionals.length}.`,
      `Write: iot-client ${synopses.menu[0]}`,
    );
  }
  const server = {
    host: hostValue("<server-ip>", host),
    port: portValue("<server-port>", port),
  };
  const own = {
    id: field("id", "<device-id>", id),
    port: portValue("<device-port>", devicePort),
  };
  return { ...readCommon(given, env, own, [server], Infinity), command: "menu" };
}

function readTrust(given: Given): ClientConfig {
  expectPositionals("trust", given.positionals, 1, 1);
  const server = serverNameValue("HOST:PORT", given.positionals[0] as string);
  const timeoutMs = timeoutOf(given, oneShotMs);
  const replace = given.isOn("replace");
  return { command: "trust", server, sealing: sealedOf(given), replace, timeoutMs };
}

function readCommand(
  command: Exclude<CommandName, "menu" | "trust" | "simulate" | "config">,
  given: Given,
  env: Env,
  hostName = "",
): ClientConfig {
  const { positionals, value, nameOf } = given;
  const begins = command === "register" || command === "run" || command === "wake";
  const own = {
    id: idOf(given, begins ? hostName : ""),
    port: portValue(nameOf("port"), value("port") ?? clientDefaults.port),
  };
  const servers = serversIn(given);
  const common = readCommon(given, env, own, servers, oneShotMs * servers.length);
  switch (command) {
    case "register":
    case "deregister":
    case "login":
    case "logoff":
      expectPositionals(command, positionals, 0, 0);
      return { ...common, command };
    case "status":
      expectPositionals(command, positionals, 0, 1);
      return { ...common, command, message: positionals[0] ?? "heartbeat" };
    case "send":
      expectPositionals(command, positionals, 0, 1);
      return { ...common, command, code: codeOf(given), message: positionals[0] ?? null };
    case "query":
      return { ...common, command, ...questionOf(positionals) };
    case "answer": {
      expectPositionals(command, positionals, 1, 2);
      const [number = "", message = ""] = positionals;
      return {
        ...common,
        command,
        number: numberOf(number),
        message,
        failed: given.isOn("failed"),
      };
    }
    case "peer":
      expectPositionals(command, positionals, 1, 1);
      return { ...common, command, target: field("id", "ID", positionals[0] as string) };
    case "run":
    case "wake":
      expectPositionals(command, positionals, 0, 0);
      return { ...common, command, ...runSettings(given) };
  }
}

function numberOf(text: string): number {
  const number = commandNumber(`#${text}`);
  if (number !== null) return number;
  throw usageError(
    `${quoted(text)} is no number of a command.`,
    "Write it as in IOT_COMMAND_NUMBER.",
  );
}

function readCommon(
  given: Given,
  env: Env,
  { id, port }: Pick<Common, "id" | "port">,
  servers: readonly ServerName[],
  timeoutMs: number,
): Common {
  const { value, isOn, nameOf } = given;
  const optional = (name: "mac" | "ip") => {
    const text = value(name);
    return text === null ? null : field(name, nameOf(name), text);
  };
  const heartbeatMs = durationValue(
    nameOf("heartbeat"),
    value("heartbeat") ?? clientDefaults.heartbeat,
    heartbeatSecondsMin * 1000,
    heartbeatSecondsMax * 1000,
  );
  if (heartbeatMs % 1000 !== 0) {
    throw usageError(`${nameOf("heartbeat")} is not in whole seconds.`, "Write it as 60s or 5m.");
  }
  return {
    id,
    servers,
    sealing: sealingOf(given),
    mac: optional("mac"),
    ip: optional("ip"),
    port,
    password: passwordOf(given, env),
    json: isOn("json"),
    timeoutMs: timeoutOf(given, timeoutMs),
    heartbeatSeconds: heartbeatMs / 1000,
  };
}
