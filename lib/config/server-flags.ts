// The tables of the server's commands and flags: what each is, its environment variable, which commands have it, and
// the text of --help. Never parses anything.

import type { Program } from "./arguments.ts";
import { exitCodesInWords } from "../operating-error.ts";
import { verbForms, verbsOf } from "./server-verbs.ts";
import type { FlagOf } from "./flag.ts";
import type { Settable } from "./settings-file.ts";
import { shellCommandNames } from "./shell-request.ts";

/** The commands, each with its arguments and a line of help. */
export const synopses = {
  serve: ["<port>", "serve devices on this UDP port"],
  query: ["<id> [what]", "ask a logged-in device, print its answer"],
  devices: ["[<id> | <verb> <id>…]", "list who is there; tell all of one"],
  join: ["[<verb>]", "who may register: a window, join tokens"],
  status: ["[port]", "print how the running server is"],
  health: ["[port]", "whether it serves: exit 0, else 1; 3: no server"],
  open: ["", "print a link that logs in to the dashboard"],
  fingerprint: ["", "print the server's key as devices pin it"],
  reports: ["<id>", "print a device's stored reports"],
  install: ["<port>", "write a systemd unit with these options"],
  uninstall: ["", "remove that unit; the data stay"],
  doctor: ["[port]", "look whether it would run well here"],
  config: ["[port]", "print each setting and where it comes from"],
  label: ["<id>… <k=v>… <k->…", "name devices, note rooms and more"],
  alert: ["[add|to|list|…]", "tell people when something is wrong"],
  password: ["<id>", "give a device another password"],
  deregister: ["<id>", "make a device unknown; its reports stay"],
  command: ["<id> <message>…", "give a device a command; it may be asleep"],
  commands: ["[<id> | cancel <n>…]", "list commands, or cancel some"],
  import: ["<devices.csv>", "register the devices of a file"],
  mqtt: ["[test|clear]", "how the bridge is; try it; undo all of it"],
  export: ["[devices|reports]", "write all of them to standard output"],
  backup: ["<file>", "copy the database while it is served"],
  restore: ["<file>", "put a copy back; the server is stopped"],
  check: ["", "check the database for damage"],
  copy: ["<file> <postgres://…>", "move a database to PostgreSQL"],
} as const satisfies Record<string, readonly [string, string]>;

export type CommandName = keyof typeof synopses;

type Flag = FlagOf<CommandName>;

const all = Object.keys(synopses) as CommandName[];
/** The commands that work on one store; a copy names two. */
const onStore = all.filter((name) => name !== "copy" && name !== "uninstall");
/** The commands that take all settings of the server. */
const asServe: readonly CommandName[] = ["serve", "config", "install", "doctor"];

/** The flags, in the order --help shows them. */
export const flags = {
  config: text("FILE", 'settings as TOML, such as retain = "90d"', "IOT_CONFIG", [
    ...onStore,
    "copy",
  ]),
  host: text("IP", "listen here only; default all, IPv4 and IPv6", "IOT_HOST", ["serve"]),
  db: text("FILE", "the database; default iot_server.db", "IOT_DB", onStore),
  store: text("URL", "a PostgreSQL database in its place", "IOT_STORE", onStore),
  "store-password-file": text("FILE", "its password", "IOT_STORE_PASSWORD_FILE", [
    ...onStore,
    "copy",
  ]),
  "store-wait": text(
    "TIME",
    "wait for it at the start, as 60s; default for ever",
    "IOT_STORE_WAIT",
    ["serve"],
  ),
  node: text("NAME", "its name on that store; default host:port", "IOT_NODE", ["serve"]),
  data: text("DIR", "its key and token; default this folder", "IOT_DATA", onStore),
  "log-dir": text("DIR", "where the logs go; default log", "IOT_LOG_DIR", ["serve"]),
  "log-to": text("WHERE", "stdout, files or both; default files", "IOT_LOG_TO", ["serve"]),
  "log-format": text("FORMAT", "text or json; default text", "IOT_LOG_FORMAT", ["serve"]),
  "log-level": text("LEVEL", "debug, info, warn, error; default info", "IOT_LOG_LEVEL", ["serve"]),
  "shared-ip": bool("an IP may have many devices, by port", "IOT_SHARED_IP", [
    "serve",
    "import",
    "label",
    "command",
    "commands",
    "copy",
    "deregister",
    "password",
    "devices",
    "join",
  ]),
  "offline-after": text("TIME", "silence that ends a session; default 9m", "IOT_OFFLINE_AFTER", [
    "serve",
  ]),
  retain: text("TIME", "keep reports this long, as 90d; default all", "IOT_RETAIN", ["serve"]),
  join: text("WHO", "unknown devices: open, approve or closed", "IOT_JOIN", ["serve"]),
  "require-encryption": bool("refuse text datagrams", "IOT_REQUIRE_ENCRYPTION", ["serve"]),
  "psk-file": text("FILE", "a secret both sides share; refuses text", "IOT_PSK_FILE", ["serve"]),
  "key-policy": text("POLICY", "another device key: replace or strict", "IOT_KEY_POLICY", [
    "serve",
  ]),
  http: text("HOST:PORT", "the dashboard; default 127.0.0.1:<port>", "IOT_HTTP", ["serve"]),
  "no-http": bool("no dashboard, no API", "IOT_NO_HTTP", ["serve"]),
  "http-name": list("HOST", "a proxy's name for it; can be repeated", "IOT_HTTP_NAME"),
  "trusted-proxy": list("IP", "a proxy elsewhere; can be repeated", "IOT_TRUSTED_PROXY"),
  "http-public-read": bool("all on this machine read it without login", "IOT_HTTP_PUBLIC_READ", [
    "serve",
  ]),
  mqtt: text("URL", "an MQTT broker, as mqtt://iot@host/iot", "IOT_MQTT", ["serve", "mqtt"]),
  "mqtt-password-file": text("FILE", "its password", "IOT_MQTT_PASSWORD_FILE", ["serve", "mqtt"]),
  select: text("SELECTOR", "those that are meant, as area=Kitchen", null, [
    "devices",
    "label",
    "command",
    "alert",
  ]),
  wait: text("TIME", "how long it may take; default 0s", null, ["health", "command"]),
  ttl: text("TIME", "after this it is too late; 1s to 30d, default 24h", null, ["command"]),
  device: text("ID", "cancel all that are open of this device", null, ["commands"]),
  all: bool("ended ones, too; of devices, all that wait", null, ["commands", "alert", "devices"]),
  user: bool("for this user, not for the system", null, ["install", "uninstall"]),
  print: bool("print it, and write nothing", null, ["install"]),
  online: bool("those that are logged in", null, ["devices"]),
  yes: bool("change selected devices without being asked", null, [
    "label",
    "command",
    "devices",
    "alert",
  ]),
  pending: bool("those that wait for approval", null, ["devices"]),
  uses: text("N", "devices a token is for; 1, or unlimited", null, ["join"]),
  ids: text("PATTERN", "ids that a token is for, as 'th-*|pi1'", null, ["join"]),
  label: labels("K=V", "what those devices get; can be repeated", ["join", "devices"]),
  approve: bool("devices with this token wait for approval", null, ["join"]),
  text: bool("this token may come in text, unencrypted", null, ["join"]),
  "dry-run": bool("say what would be registered, change nothing", null, ["import"]),
  last: text("N", "the newest N; default 20", null, ["reports"]),
  since: text("TIME", "since 2026-11-22T09:00, or 2h ago", null, ["reports"]),
  format: text("FORMAT", "csv, ndjson; of alerts ntfy, text, json, …", null, ["export", "alert"]),
  to: text("NAME,…", "whom an alert is told; default all", null, ["alert"]),
  severity: text("WORD", "info, warning, critical; default warning", null, ["alert"]),
  repeat: text("TIME", "told again after it, or never; default 4h", null, ["alert"]),
  "header-file": text("FILE", "headers for a destination, one a line", null, ["alert"]),
  rule: text("NAME", "the rule that is muted; default all", null, ["alert"]),
  for: text("TIME", "how long; of a token 24h, or never", null, ["alert", "join"]),
  note: text("TEXT", "why, or what it is for, in your words", null, ["alert", "join"]),
  json: bool("one JSON object a line", null, [
    "query",
    "devices",
    "join",
    "label",
    "command",
    "commands",
    "alert",
    "reports",
    "status",
    "health",
    "config",
    "doctor",
    "mqtt",
  ]),
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

function text(
  value: string,
  says: string,
  env: string | null,
  commands: readonly CommandName[],
): Flag {
  return { type: "string", value, says, env, commands: widened(commands) };
}

function list(value: string, says: string, env: string): Flag {
  return { ...text(value, says, env, ["serve"]), isList: true };
}

function labels(value: string, says: string, commands: readonly CommandName[]): Flag {
  return { ...text(value, says, null, commands), isList: true };
}

function bool(says: string, env: string | null, commands: readonly CommandName[]): Flag {
  return { type: "boolean", value: "", says, env, commands: widened(commands) };
}

/** What the server has, the commands that take its settings have, too. */
function widened(commands: readonly CommandName[]): readonly CommandName[] {
  return commands.includes("serve") ? [...new Set([...commands, ...asServe])] : commands;
}

/** The key of the port, which is an argument on the command line. */
export const portKey = "port";

/** What the configuration file may have: the port, and the flags that have a variable. */
export const settable: Settable = {
  program: "iot-server",
  names: [
    portKey,
    ...Object.entries<Flag>(flags)
      .filter(([name, { env }]) => env !== null && name !== "config")
      .map(([name]) => name),
  ],
  flags,
};

/** The server, for `readArguments`. */
export const program: Program<CommandName, FlagName> = {
  flags,
  titleOf: (command) => (command === "serve" ? callOf(command) : command),
  verbsOf,
  helpOf: (command) => `iot-server ${command === "serve" ? "" : `${command} `}--help`,
};

/** The commands that are called by name, in place of a port. */
export function commandNames(): CommandName[] {
  return all.filter((name) => name !== "serve");
}

/** The command line of a command: `iot-server reports <id>`. */
export function callOf(command: CommandName): string {
  const [form] = synopses[command];
  return `iot-server ${command === "serve" ? "" : command} ${form}`.replace("  ", " ").trimEnd();
}

/** Where the server of a command is: on a page with forms they share a line, so that the page fits a screen. */
const ofPlace = ["config", "db", "store", "store-password-file", "data"];

/** Flags of a server on PostgreSQL, which have no lines of their own on its page: they are in the manual. */
const ofStore = ["store-password-file", "store-wait", "node", "data"] as const;

/**
 * The text of --help: at most 80 columns wide; of `serve` at most 35 lines, of another command 23.
 * @param of the command asked about; the page of `serve` also names the others
 */
export function helpText(version: string, of: CommandName): string {
  const [, says] = synopses[of];
  // Of the many options of the server, only its own page has the list.
  const hasAll = of !== "serve" && asServe.includes(of);
  const forms = (verbForms[of] ?? []).map((form) => `  ${of} ${form}`.trimEnd());
  const options = Object.entries(flags)
    .filter(([, { commands }]) => commands.includes(of))
    .filter(([name]) => forms.length === 0 || !ofPlace.includes(name))
    .filter(([name]) => of !== "serve" || !ofStore.some((aside) => aside === name))
    .filter(([name, { commands }]) => name === "config" || !hasAll || !commands.includes("serve"))
    .map(([name, { value, says: does }]) => `  ${`--${name} ${value}`.padEnd(22)} ${does}`);
  const call = `${callOf(of)}: ${says}`;
  if (of !== "serve") {
    const more = hasAll ? ["  and the options of iot-server <port>: see iot-server --help"] : [];
    const place = "  where it is".padEnd(25) + ofPlace.map((name) => `--${name}`).join(", ");
    if (forms.length > 0) forms.push("");
    else return [call, "", ...options, ...more, "", exitCodesInWords].join("\n");
    return [call, "", ...forms, ...options, place, "", exitCodesInWords].join("\n");
  }
  return [
    `iot-server ${version}: devices register, log in, report and are asked, over UDP.`,
    "",
    `  ${call}`,
    "",
    ...options,
    `  ${"with --store also".padEnd(22)} ${ofStore.map((name) => `--${name}`).join(", ")}`,
    "  --version, --help      each option has a variable: --log-dir is IOT_LOG_DIR",
    "",
    ...wrapped(`Also: ${[...commandNames(), ...shellCommandNames].join(", ")}. Each has a --help.`),
  ].join("\n");
}

/** Breaks a text into lines of at most 80 columns. */
function wrapped(words: string): string[] {
  return (words.match(/.{1,80}(?: |$)/g) ?? []).map((line) => line.trimEnd());
}
