// The server's configuration: the only reader of its flags and environment. Everything is checked once and frozen.

import { parseArgs } from "citty";
import { isIp } from "../protocol/ip.ts";
import { offlineAfterMs } from "../protocol/limits.ts";
import { logLevels, type LogLevel } from "../server/log.ts";
import {
  exportValue,
  expect,
  fileValue,
  idValue,
  lastValue,
  question,
  sinceValue,
  wrong,
} from "./server-arguments.ts";
import { argsOf, type CommandName, type FlagName, flags, synopses } from "./server-flags.ts";
import { durationValue, portValue, quoted } from "./values.ts";

/** What `iot-server <port>` runs with. */
export type ServeConfig = {
  readonly command: "serve";
  readonly port: number;
  /** An IP literal; `::` is all addresses. */
  readonly host: string;
  readonly db: string;
  readonly logDir: string;
  readonly logLevel: LogLevel;
  readonly sharedIp: boolean;
  /** Whether text datagrams are refused. */
  readonly requireEncryption: boolean;
  /** A file with a secret that both sides share, or null. */
  readonly pskFile: string | null;
  readonly keyPolicy: "replace" | "strict";
  readonly offlineAfterMs: number;
  /** Age of the reports kept, ms; null keeps all. */
  readonly retainMs: number | null;
  /** Where the dashboard and the API are served; port null is the number of the UDP port; null serves none. */
  readonly http: { readonly host: string; readonly port: number | null } | null;
};

/** What the other commands run with. */
export type CommandConfig =
  | {
      readonly command: "query";
      readonly db: string;
      readonly id: string;
      readonly code: string;
      readonly target: string;
      readonly json: boolean;
    }
  | { readonly command: "devices"; readonly db: string; readonly json: boolean }
  | { readonly command: "allow-text"; readonly db: string; readonly id: string }
  | { readonly command: "fingerprint" | "check" | "open"; readonly db: string }
  | { readonly command: "backup" | "restore"; readonly db: string; readonly file: string }
  | {
      readonly command: "import";
      readonly db: string;
      readonly file: string;
      /** As of the server; matters where none runs. */
      readonly sharedIp: boolean;
    }
  | {
      readonly command: "export";
      readonly db: string;
      readonly what: "devices" | "reports";
      readonly format: "csv" | "ndjson";
    }
  | {
      readonly command: "reports";
      readonly db: string;
      readonly id: string;
      readonly last: number;
      /** ms since 1970; 0 for all. */
      readonly since: number;
      readonly json: boolean;
    };

export type ServerConfig =
  | ServeConfig
  | CommandConfig
  | { readonly command: "help"; readonly of: CommandName }
  | { readonly command: "version" };

export type Env = Readonly<Record<string, string | undefined>>;

const dayMs = 86_400_000;

/**
 * Reads the command line and the environment.
 * @param args without the program's name
 * @param now ms since 1970, for `--since 2h`
 * @throws OperatingError `usage`
 */
export function readServerConfig(args: readonly string[], env: Env, now: number): ServerConfig {
  const [first = ""] = args;
  const named = Object.hasOwn(synopses, first) && first !== "serve";
  const command = named ? (first as CommandName) : "serve";
  if (args.includes("--help") || args.includes("-h")) return { command: "help", of: command };
  if (args.includes("--version")) return { command: "version" };
  const { positionals, value, isOn } = parse(command, named ? args.slice(1) : args, env);
  const db = value("db") ?? "iot_server.db";
  const json = isOn("json");
  switch (command) {
    case "serve":
      return Object.freeze(serveConfig(positionals, db, value, isOn));
    case "query":
      return { command, db, json, ...question(positionals) };
    case "devices":
      if (positionals[0] === "allow-text") {
        expect(positionals, 2, "devices allow-text");
        return { command: "allow-text", db, id: idValue(positionals[1]) };
      }
      expect(positionals, 0, "devices");
      return { command, db, json };
    case "open":
    case "fingerprint":
    case "check":
      expect(positionals, 0, command);
      return { command, db };
    case "import": {
      expect(positionals, 1, command);
      const file = fileValue(command, positionals[0]);
      return { command, db, file, sharedIp: isOn("shared-ip") };
    }
    case "backup":
    case "restore":
      expect(positionals, 1, command);
      return { command, db, file: fileValue(command, positionals[0]) };
    case "export":
      expect(positionals, 1, command);
      return { command, db, ...exportValue(positionals[0] ?? "devices", value("format") ?? "csv") };
    case "reports": {
      expect(positionals, 1, "reports");
      const since = value("since");
      return {
        command,
        db,
        json,
        id: idValue(positionals[0]),
        last: lastValue(value("last"), since),
        since: since === null ? 0 : sinceValue(since, now),
      };
    }
  }
}

type Parsed = {
  readonly positionals: readonly string[];
  readonly value: (name: FlagName) => string | null;
  readonly isOn: (name: FlagName) => boolean;
};

/** citty passes unknown flags on in silence; here they are errors. */
function parse(command: CommandName, args: readonly string[], env: Env): Parsed {
  const known = argsOf(command);
  const parsed = parseArgs<Record<string, never>>([...args], known) as Record<string, unknown>;
  const own = new Set(Object.keys(known).flatMap((name) => [name, camel(name)]));
  for (const arg of args) {
    if (arg === "--") break;
    if (!arg.startsWith("-") || arg === "-") continue;
    const name = arg.replace(/^--?/, "").replace(/=.*$/s, "");
    if (!arg.startsWith("--") || !own.has(name)) throw wrong(`Unknown option ${quoted(arg)}.`);
  }
  const positionals = (parsed["_"] as string[]) ?? [];
  const given = (name: FlagName): string | boolean | null => {
    // citty takes `--no-http` for a denial of `--http`.
    const fromArgs =
      parsed[name] ?? (name === "no-http" && parsed["http"] === false ? true : undefined);
    if (fromArgs === "") throw wrong(`--${name} needs a value.`);
    if (fromArgs !== undefined) return fromArgs as string | boolean;
    const variable = flags[name].env;
    const fromEnv = variable === null ? undefined : env[variable];
    return fromEnv === undefined || fromEnv === "" ? null : fromEnv;
  };
  return {
    positionals,
    value: (name) => {
      const it = given(name);
      if (typeof it === "boolean") throw wrong(`--${name} needs a value.`);
      return it;
    },
    isOn: (name) => {
      const it = given(name);
      if (typeof it === "boolean" || it === null) return it === true;
      if (/^(1|true|yes|on)$/i.test(it)) return true;
      if (/^(0|false|no|off)$/i.test(it)) return false;
      throw wrong(`${flags[name].env ?? name} is ${quoted(it)}, neither 1 nor 0.`);
    },
  };
}

function serveConfig(
  positionals: readonly string[],
  db: string,
  value: Parsed["value"],
  isOn: Parsed["isOn"],
): ServeConfig {
  const [port] = positionals;
  if (port === undefined) throw wrong("The port is missing.", "Try: iot-server 9000");
  const number = portValue("The port", port);
  expect(positionals, 1, "iot-server");
  const host = value("host") ?? "::";
  if (!isIp(host))
    throw wrong(`--host is ${quoted(host)}, not an IP.`, "Give an IPv4 or IPv6 address.");
  const level = value("log-level") ?? "info";
  if (!logLevels.includes(level as LogLevel)) {
    throw wrong(`--log-level is ${quoted(level)}.`, `Give one of ${logLevels.join(", ")}.`);
  }
  const offline = value("offline-after");
  const retain = value("retain");
  return {
    command: "serve",
    port: number,
    host,
    db,
    logDir: value("log-dir") ?? "log",
    logLevel: level as LogLevel,
    sharedIp: isOn("shared-ip"),
    requireEncryption: isOn("require-encryption"),
    pskFile: value("psk-file"),
    keyPolicy: keyPolicyValue(value("key-policy") ?? "replace"),
    offlineAfterMs:
      offline === null
        ? offlineAfterMs
        : durationValue("--offline-after", offline, 1_000, 365 * dayMs),
    retainMs: retain === null ? null : durationValue("--retain", retain, 1_000, 36_500 * dayMs),
    http: isOn("no-http") ? null : httpValue(value("http")),
  };
}

/** An address or name and a port, 0 for any; `[::1]:8080` for IPv6. */
function httpValue(text: string | null): { host: string; port: number | null } {
  if (text === null) return { host: "127.0.0.1", port: null };
  const [, six, name, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? name;
  if (host === undefined || Number(port) > 65_535 || (six !== undefined && !isIp(six))) {
    throw wrong(`--http is ${quoted(text)}.`, "Write host:port, as 127.0.0.1:8080 or [::1]:8080.");
  }
  return { host, port: Number(port) };
}

function keyPolicyValue(text: string): ServeConfig["keyPolicy"] {
  if (text === "replace" || text === "strict") return text;
  throw wrong(`--key-policy is ${quoted(text)}.`, "Give replace or strict.");
}

function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
