// The settings of the server that serves devices: checked once, from flags, variables and the configuration file. Never
// opens a file.

import { canonicalIp, isIp } from "../protocol/ip.ts";
import { logLevels, type LogLevel } from "../server/log.ts";
import { type Join, joins } from "../server/policy.ts";
import { type Arguments, type Env, origins } from "./arguments.ts";
import { expect, wrong } from "./server-arguments.ts";
import { defaults } from "./server-defaults.ts";
import { commandNames, type FlagName } from "./server-flags.ts";
import { type BrokerSource, brokerSource } from "./broker-source.ts";
import type { DataPlace, StoreSource } from "./store-source.ts";
import { didYouMean } from "./nearest.ts";
import { shellCommandNames } from "./shell-request.ts";
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
  readonly logTo: "files" | "stdout" | "both";
  readonly logFormat: "text" | "json";
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
  /** The broker that is told of everything; null for none. */
  readonly mqtt: BrokerSource | null;
};

const [hourMs, dayMs] = [3_600_000, 86_400_000] as const;

/**
 * Checks the settings.
 * @param filePort the port of the configuration file, with its name for an error; null without one
 * @throws OperatingError `usage`
 */
export function serveConfig(
  given: Arguments<FlagName>,
  place: DataPlace,
  filePort: { readonly name: string; readonly text: string } | null,
  env: Env,
): ServeConfig {
  const { positionals, value, values, isOn, nameOf } = given;
  const port = portOf(positionals, filePort);
  const host = ipValue(nameOf("host"), value("host") ?? defaults.host);
  const level = value("log-level") ?? defaults["log-level"];
  if (!logLevels.includes(level as LogLevel)) {
    throw wrong(
      `${nameOf("log-level")} is ${quoted(level)}.`,
      `Give one of ${logLevels.join(", ")}.`,
    );
  }
  const offline = value("offline-after") ?? defaults["offline-after"];
  const retain = value("retain");
  return {
    command: "serve",
    port,
    host,
    ...place,
    node: nodeValue(nameOf("node"), value("node"), place),
    logDir: value("log-dir") ?? defaults["log-dir"],
    logTo: choice(nameOf("log-to"), value("log-to") ?? defaults["log-to"], [
      "files",
      "stdout",
      "both",
    ]),
    logFormat: choice(nameOf("log-format"), value("log-format") ?? defaults["log-format"], [
      "text",
      "json",
    ]),
    logLevel: level as LogLevel,
    sharedIp: isOn("shared-ip"),
    // Text knows no pre-shared key: whoever sends text would pass it by.
    requireEncryption: isOn("require-encryption") || value("psk-file") !== null,
    pskFile: value("psk-file"),
    join: choice(nameOf("join"), value("join") ?? defaults.join, joins),
    keyPolicy: choice(nameOf("key-policy"), value("key-policy") ?? defaults["key-policy"], [
      "replace",
      "strict",
    ]),
    offlineAfterMs: durationValue(nameOf("offline-after"), offline, 1_000, 365 * dayMs),
    retainMs:
      retain === null ? null : durationValue(nameOf("retain"), retain, hourMs, 36_500 * dayMs),
    http: isHttpOff(given) ? null : httpValue(nameOf("http"), value("http")),
    httpNames: values("http-name").map((name) => nameValue(nameOf("http-name"), name)),
    trustedProxies: values("trusted-proxy").map((ip) =>
      canonicalIp(ipValue(nameOf("trusted-proxy"), ip)),
    ),
    httpPublicRead: isOn("http-public-read"),
    mqtt: brokerSource(given, env),
  };
}

function portOf(
  positionals: readonly string[],
  filePort: { readonly name: string; readonly text: string } | null,
): number {
  const [port] = positionals;
  if (port === undefined) {
    if (filePort !== null) return portValue(filePort.name, filePort.text);
    throw wrong("The port is missing.", "Try: iot-server 9000");
  }
  if (!/^\d/.test(port)) {
    const commands = [...commandNames(), ...shellCommandNames];
    throw wrong(
      `${quoted(port)} is neither a port nor a command.`,
      `${didYouMean(port, commands)}Write: iot-server 9000, or one of ${commands.join(", ")}.`,
    );
  }
  const number = portValue("The port", port);
  expect(positionals, 1, "serve");
  return number;
}

/** An address of the command line turns on what the file has turned off. */
function isHttpOff({ isOn, originOf }: Arguments<FlagName>): boolean {
  if (!isOn("no-http")) return false;
  if (originOf("no-http") !== "file") return true;
  return origins.indexOf(originOf("http")) >= origins.indexOf("file");
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
