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
  passwordSource,
  questionOf,
  type QueryWhat,
  refusePassword,
  serversIn,
  timeoutOf,
} from "./client-arguments.ts";
import { type CommandName, commandNames, program, synopses } from "./client-flags.ts";
import { readSimulate, type SimulateConfig } from "./client-simulation.ts";
import { type Sealed, sealedOf, type Sealing, sealingOf } from "./client-sealing.ts";
import { hostValue, type ServerName, serverNameValue } from "./server-name.ts";
import { shellCommandNames, type ShellRequest, shellRequest } from "./shell-request.ts";
import { didYouMean } from "./nearest.ts";
import type { OperatingError } from "../operating-error.ts";
import { countValue, durationValue, portValue, quoted, usageError } from "./values.ts";

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

/** The settings of run, the agent, only. */
export type RunSettings = {
  /** Shell command whose output is reported, or null. */
  readonly report: string | null;
  /** Time from one start of that command to the next, 100 to 86,400,000 ms. */
  readonly everyMs: number;
  /** Shell command that answers a QUERY, or null. */
  readonly onQuery: string | null;
  /** Shell command that carries out the server's commands, or null, and how long it may take, 100 to 86,400,000 ms. */
  readonly onCommand: string | null;
  readonly commandTimeoutMs: number;
  /** Code of the reports, two digits. */
  readonly code: string;
  /** After a stop: how long reports are delivered while the server answers, 0 to 3,600,000 ms. */
  readonly drainMs: number;
  /** The file that keeps reports until they are delivered; null for none, "state" for that in the state folder. */
  readonly spool: { readonly file: string } | "state" | null;
  /** The most reports that wait, 2 to 10,000,000. */
  readonly spoolMax: number;
};

const defaultDevicePort = "1994";
/** A person or a script waits for all commands but the menu and run; for each of several servers so long. */
const oneShotMs = 10_000;

/**
 * Reads the command line and the environment.
 * @param args the arguments after the program's name
 * @param env the environment; an empty variable counts as absent
 * @throws OperatingError `usage`
 */
export function readClientConfig(args: readonly string[], env: Env): ClientConfig {
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
  const given = readArguments(program, command, named ? args.slice(1) : args, env);
  switch (command) {
    case "menu":
      return Object.freeze(readMenu(given, env));
    case "trust":
      return Object.freeze(readTrust(given));
    case "simulate":
      return Object.freeze(readSimulate(given, env));
    default:
      return Object.freeze(readCommand(command, given, env));
  }
}

function unknownCommand(word: string): OperatingError {
  const all = [...commandNames(), ...shellCommandNames];
  return usageError(
    `Unknown command ${quoted(word)}.`,
    `${didYouMean(word, all)}The commands are: ${all.join(", ")}.`,
  );
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
  command: Exclude<CommandName, "menu" | "trust" | "simulate">,
  given: Given,
  env: Env,
): ClientConfig {
  const { positionals, value, nameOf } = given;
  const own = {
    id: idOf(given),
    port: portValue(nameOf("port"), value("port") ?? defaultDevicePort),
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

function runSettings(given: Given): RunSettings {
  const { value, nameOf } = given;
  const [report, every] = [value("report"), value("every")];
  if (every !== null && report === null) {
    throw usageError("--every needs --report.", "Say what to report: --report 'command'.");
  }
  return {
    report,
    everyMs: durationValue("--every", every ?? "60s", 100, 86_400_000),
    onQuery: value("on-query"),
    onCommand: value("on-command"),
    commandTimeoutMs: durationValue(
      "--command-timeout",
      value("command-timeout") ?? "5m",
      100,
      86_400_000,
    ),
    code: codeOf(given),
    drainMs: durationValue(nameOf("drain"), value("drain") ?? "10s", 0, 3_600_000),
    spool: spoolOf(value("spool")),
    spoolMax: countValue(nameOf("spool-max"), value("spool-max") ?? "100000", 2, 10_000_000),
  };
}

function spoolOf(text: string | null): RunSettings["spool"] {
  if (text === null) return "state";
  return text === "none" ? null : { file: text };
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
    value("heartbeat") ?? "60s",
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
    password: passwordSource(value("password-file"), value("join"), env),
    json: isOn("json"),
    timeoutMs: timeoutOf(given, timeoutMs),
    heartbeatSeconds: heartbeatMs / 1000,
  };
}
