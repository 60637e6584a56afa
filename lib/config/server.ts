// The server's configuration: the only reader of its flags and environment, which are checked once. Never opens a file.

import { canonicalIp, isIp } from "../protocol/ip.ts";
import { offlineAfterMs } from "../protocol/limits.ts";
import { logLevels, type LogLevel } from "../server/log.ts";
import type { Join } from "../server/policy.ts";
import {
  copyValues,
  exportValue,
  expect,
  fileValue,
  idValue,
  lastValue,
  question,
  sinceValue,
  wrong,
} from "./server-arguments.ts";
import { type Arguments, type Env, hasSwitch, readArguments } from "./arguments.ts";
import {
  type CommandName,
  commandNames,
  type FlagName,
  program,
  synopses,
} from "./server-flags.ts";
import { copyPlace, type DataPlace, dataPlace, type StoreSource } from "./store-source.ts";
import { type Labelling, labelValues, selectValue } from "./label-arguments.ts";
import type { Selector } from "../server/selector.ts";
import { durationValue, portValue, quoted } from "./values.ts";

/** The settings of `iot-server <port>`; frozen. */
export type ServeConfig = {
  readonly command: "serve";
  readonly port: number;
  /** An IP literal; `::` is all addresses. */
  readonly host: string;
  readonly db: string;
  readonly store?: StoreSource;
  /** The name of this server among those of a store on the network; null: its host and port. */
  readonly node: string | null;
  readonly logDir: string;
  readonly logLevel: LogLevel;
  readonly sharedIp: boolean;
  /** Whether text datagrams are refused. */
  readonly requireEncryption: boolean;
  /** Whether unknown devices may register. */
  readonly join: Join;
  /** The file with the pre-shared key, or null for none. */
  readonly pskFile: string | null;
  readonly keyPolicy: "replace" | "strict";
  /** Silence that ends the session of a device that states no interval, ms. */
  readonly offlineAfterMs: number;
  /** Age at which reports are removed, ms; null keeps all. */
  readonly retainMs: number | null;
  /** Where the dashboard and the API are served; null for nowhere. Port null means the number of the UDP port. */
  readonly http: { readonly host: string; readonly port: number | null } | null;
  /** Names under which proxies serve the dashboard, in lower case. */
  readonly httpNames: readonly string[];
  /** Addresses of proxies whose headers are believed, besides loopback. */
  readonly trustedProxies: readonly string[];
  /** Whether everybody on this machine may read the dashboard without a login. */
  readonly httpPublicRead: boolean;
};

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
  | { readonly command: "allow-text"; readonly id: string }
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
  | CommandConfig
  | { readonly command: "help"; readonly of: CommandName }
  | { readonly command: "version" };

const [hourMs, dayMs] = [3_600_000, 86_400_000] as const;

/**
 * Reads the command line and the environment.
 * @param args the arguments after the program's name
 * @param now ms since 1970, for `--since 2h`
 * @throws OperatingError `usage`
 */
export function readServerConfig(args: readonly string[], env: Env, now: number): ServerConfig {
  const [first = ""] = args;
  const named = Object.hasOwn(synopses, first) && first !== "serve";
  const command = named ? (first as CommandName) : "serve";
  if (hasSwitch(args, "--help", "-h")) return { command: "help", of: command };
  if (hasSwitch(args, "--version")) return { command: "version" };
  const given = readArguments(program, command, named ? args.slice(1) : args, env);
  const { positionals, value, isOn } = given;
  const place = dataPlace(command, given, env);
  const json = isOn("json");
  switch (command) {
    case "serve":
      return Object.freeze(serveConfig(given, place));
    case "query":
      return { command, ...place, json, ...question(positionals) };
    case "devices":
      if (positionals[0] === "allow-text") {
        expect(positionals, 2, "devices");
        return { command: "allow-text", ...place, id: idValue("devices", positionals[1]) };
      }
      expect(positionals, 0, "devices");
      return { command, ...place, json, select: selectValue(value("select")) };
    case "label": {
      const flags = { json, yes: isOn("yes"), sharedIp: isOn("shared-ip") };
      return { command, ...place, ...flags, ...labelValues(positionals, value("select")) };
    }
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
  }
}

function serveConfig(
  { positionals, value, values, isOn, nameOf }: Arguments<FlagName>,
  place: DataPlace,
): ServeConfig {
  const [port] = positionals;
  if (port === undefined) throw wrong("The port is missing.", "Try: iot-server 9000");
  if (!/^\d/.test(port)) {
    throw wrong(
      `${quoted(port)} is neither a port nor a command.`,
      `Write: iot-server 9000, or one of ${commandNames().join(", ")}.`,
    );
  }
  const number = portValue("The port", port);
  expect(positionals, 1, "serve");
  const host = ipValue(nameOf("host"), value("host") ?? "::");
  const level = value("log-level") ?? "info";
  if (!logLevels.includes(level as LogLevel)) {
    throw wrong(
      `${nameOf("log-level")} is ${quoted(level)}.`,
      `Give one of ${logLevels.join(", ")}.`,
    );
  }
  const offline = value("offline-after");
  const retain = value("retain");
  return {
    command: "serve",
    port: number,
    host,
    ...place,
    node: nodeValue(nameOf("node"), value("node"), place),
    logDir: value("log-dir") ?? "log",
    logLevel: level as LogLevel,
    sharedIp: isOn("shared-ip"),
    // Text knows no pre-shared key: whoever sends text would pass it by.
    requireEncryption: isOn("require-encryption") || value("psk-file") !== null,
    pskFile: value("psk-file"),
    join: choice(nameOf("join"), value("join") ?? "open", ["open", "closed"]),
    keyPolicy: choice(nameOf("key-policy"), value("key-policy") ?? "replace", [
      "replace",
      "strict",
    ]),
    offlineAfterMs:
      offline === null
        ? offlineAfterMs
        : durationValue(nameOf("offline-after"), offline, 1_000, 365 * dayMs),
    retainMs:
      retain === null ? null : durationValue(nameOf("retain"), retain, hourMs, 36_500 * dayMs),
    http: isOn("no-http") ? null : httpValue(nameOf("http"), value("http")),
    httpNames: values("http-name").map((name) => nameValue(nameOf("http-name"), name)),
    trustedProxies: values("trusted-proxy").map((ip) =>
      canonicalIp(ipValue(nameOf("trusted-proxy"), ip)),
    ),
    httpPublicRead: isOn("http-public-read"),
  };
}

/** Parses `host:port` of --http; the port may be 0 for any; an IPv6 address is in brackets. */
function httpValue(name: string, text: string | null): { host: string; port: number | null } {
  if (text === null) return { host: "127.0.0.1", port: null };
  const [, six, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? plain;
  if (host === undefined || Number(port) > 65_535 || (six !== undefined && !isIp(six))) {
    throw wrong(`${name} is ${quoted(text)}.`, "Write host:port, as 127.0.0.1:8080 or [::1]:8080.");
  }
  return { host, port: Number(port) };
}

/** The name of a node, which is shown and compared as it is. */
function nodeValue(name: string, text: string | null, place: DataPlace): string | null {
  if (text === null) return null;
  if (place.store === undefined) {
    throw wrong(`${name} goes with --store.`, "An SQLite database has one server, without a name.");
  }
  if (/^[\x21-\x7e]{1,64}$/.test(text)) return text;
  throw wrong(
    `${name} is ${quoted(text)}.`,
    "Give 1 to 64 letters, digits, dots, colons or dashes.",
  );
}

/** A host name as it is in a URL, without scheme, port and path. */
function nameValue(name: string, text: string): string {
  if (/^[A-Za-z0-9._-]{1,253}$/.test(text)) return text.toLowerCase();
  throw wrong(`${name} is ${quoted(text)}.`, "Write the host name alone, as dash.example.org.");
}

function ipValue(name: string, text: string): string {
  if (isIp(text)) return text;
  throw wrong(`${name} is ${quoted(text)}, not an IP.`, "Give an IPv4 or IPv6 address.");
}

/** A value that must be one of a few words. */
function choice<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === text);
  if (word !== undefined) return word;
  throw wrong(`${name} is ${quoted(text)}.`, `Give ${words.join(" or ")}.`);
}
