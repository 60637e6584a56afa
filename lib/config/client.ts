// The only reader of the client's flags and environment: checked once, frozen, passed on. Opens no file and asks nobody;
// a password that has to be read or typed is only named here.

import { fieldRules, isId, isPassword } from "../protocol/fields.ts";
import { heartbeatSecondsMax, heartbeatSecondsMin } from "../protocol/limits.ts";
import type { FieldName } from "../protocol/messages.ts";
import { type Sealing, sealingOf } from "./client-sealing.ts";
import { type CommandName, synopses } from "./client-flags.ts";
import { type Env, type Parsed, parse, type Values, wrongUsage } from "./client-arguments.ts";
import { durationValue, portValue, quoted, usageError } from "./values.ts";

/** The server as a person names it: a host name or an IP literal, and a port. */
export type ServerName = { readonly host: string; readonly port: number };

/** Where the password comes from. */
export type PasswordSource =
  | { readonly kind: "given"; readonly password: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "ask" };

/** What every command but help has; `mac` and `ip` are null where the machine's own are meant. */
export type Common = {
  readonly id: string;
  readonly server: ServerName;
  readonly sealing: Sealing;
  readonly mac: string | null;
  readonly ip: string | null;
  readonly port: number;
  readonly password: PasswordSource;
  readonly json: boolean;
  /** How long a request may take, in ms; Infinity for the whole retry schedule. */
  readonly timeoutMs: number;
  readonly heartbeatSeconds: number;
};

export type QueryWhat = "address" | "report" | "list";

/** What was asked for on the command line. */
export type ClientConfig =
  | { readonly command: "help" | "version" }
  | (Common & { readonly command: "menu" })
  | (Common & { readonly command: "register" | "deregister" | "login" | "logoff" })
  | (Common & { readonly command: "status"; readonly message: string })
  | (Common & { readonly command: "send"; readonly code: string; readonly message: string | null })
  | (Common & { readonly command: "query"; readonly what: QueryWhat; readonly target: string })
  | (Common & { readonly command: "peer"; readonly target: string })
  | (Common & RunSettings & { readonly command: "run" })
  | TrustConfig;

/** What trust needs: no device, and no password. */
export type TrustConfig = {
  readonly command: "trust";
  readonly server: ServerName;
  readonly sealing: Extract<Sealing, { kind: "sealed" }>;
  /** Whether another key that is trusted now gives way. */
  readonly replace: boolean;
};

/** What only the agent has. */
export type RunSettings = {
  readonly report: string | null;
  readonly everyMs: number;
  readonly onQuery: string | null;
  readonly code: string;
};

const defaultDevicePort = "1994";
const timeoutMsMax = 3_600_000;

/**
 * Reads the command line and the environment.
 * @param args what follows the program's name
 * @param env the environment; an empty variable counts as absent
 * @throws OperatingError `usage`
 */
export function readClientConfig(args: readonly string[], env: Env): ClientConfig {
  const first = args[0];
  if (first === undefined) throw wrongUsage("No command.");
  if (args.includes("--help") || args.includes("-h") || first === "help")
    return { command: "help" };
  if (first === "--version") return { command: "version" };
  if (Object.hasOwn(synopses, first) && first !== "menu") {
    const command = first as Exclude<CommandName, "menu">;
    if (command === "trust") return Object.freeze(readTrust(parse(command, args.slice(1), env)));
    return Object.freeze(readCommand(command, parse(command, args.slice(1), env), env));
  }
  return Object.freeze(readMenu(parse("menu", args, env), env));
}

function readMenu({ values, positionals }: Parsed, env: Env): ClientConfig {
  const [id, host, port, devicePort] = positionals;
  if (positionals.length === 1 && isId(id as string))
    throw wrongUsage(`No command ${quoted(id as string)}.`);
  if (positionals.length !== 4) {
    throw wrongUsage(`The menu takes 4 arguments, not ${positionals.length}.`);
  }
  const server = {
    host: unbracketed(host as string),
    port: portValue("<server-port>", port as string),
  };
  checkHost("<server-ip>", server.host);
  const checkedId = field("id", "<device-id>", id as string);
  const common = readCommon(
    { ...values, port: portOf(devicePort as string) },
    env,
    checkedId,
    server,
  );
  return { ...common, command: "menu" };
}

function portOf(text: string): string {
  return String(portValue("<device-port>", text));
}

function readTrust({ values, positionals }: Parsed): ClientConfig {
  expectPositionals("trust", positionals, 1, 1);
  const server = serverOf("HOST:PORT", positionals[0] as string);
  const sealing = sealingOf(values);
  if (sealing.kind === "text") throw wrongUsage("trust has no --text.");
  return { command: "trust", server, sealing, replace: values.replace };
}

function readCommand(
  command: Exclude<CommandName, "menu" | "trust">,
  { values, positionals }: Parsed,
  env: Env,
): ClientConfig {
  const common = readCommon(values, env, idOf(values), serverIn(values));
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
      return { ...common, command, code: codeOf(values), message: positionals[0] ?? null };
    case "query":
      return { ...common, command, ...questionOf(positionals) };
    case "peer":
      expectPositionals(command, positionals, 1, 1);
      return { ...common, command, target: field("id", "ID", positionals[0] as string) };
    case "run":
      expectPositionals(command, positionals, 0, 0);
      return { ...common, command, ...runSettings(values) };
  }
}

function runSettings(values: Values): RunSettings {
  if (values.every !== undefined && values.report === undefined) {
    throw usageError("--every needs --report.", "Say what to report: --report 'command'.");
  }
  return {
    report: values.report ?? null,
    everyMs: durationValue("--every", values.every ?? "60s", 100, 86_400_000),
    onQuery: values["on-query"] ?? null,
    code: codeOf(values),
  };
}

function questionOf(positionals: readonly string[]): { what: QueryWhat; target: string } {
  const [what] = positionals;
  switch (what) {
    case "address":
    case "report":
      expectPositionals(`query ${what}`, positionals, 2, 2);
      return { what, target: field("id", "ID", positionals[1] as string) };
    case "list":
      expectPositionals("query list", positionals, 1, 1);
      return { what, target: "*" };
    case undefined:
    default:
      throw usageError(
        what === undefined ? "query needs to know what." : `No question ${quoted(what)}.`,
        "Write: query address ID, query report ID or query list.",
      );
  }
}

function readCommon(values: Values, env: Env, id: string, server: ServerName): Common {
  const { mac, ip, timeout } = values;
  const heartbeatMs = durationValue(
    "--heartbeat",
    values.heartbeat ?? "60s",
    heartbeatSecondsMin * 1000,
    heartbeatSecondsMax * 1000,
  );
  if (heartbeatMs % 1000 !== 0) {
    throw usageError("--heartbeat is not in whole seconds.", "Write it as 60s or 5m.");
  }
  return {
    id,
    server,
    sealing: sealingOf(values),
    mac: mac === undefined ? null : field("mac", "--mac", mac),
    ip: ip === undefined ? null : field("ip", "--ip", ip),
    port: portValue("--port", values.port ?? defaultDevicePort),
    password: passwordSource(values, env),
    json: values.json,
    timeoutMs:
      timeout === undefined ? Infinity : durationValue("--timeout", timeout, 1, timeoutMsMax),
    heartbeatSeconds: heartbeatMs / 1000,
  };
}

function passwordSource(values: Values, env: Env): PasswordSource {
  const path = values["password-file"];
  if (path !== undefined) return { kind: "file", path };
  const password = env["IOT_PASSWORD"] ?? "";
  if (password === "") return { kind: "ask" };
  if (!isPassword(password)) {
    throw usageError(`IOT_PASSWORD: ${fieldRules.password.says}.`, "Set one that is.");
  }
  return { kind: "given", password };
}

function idOf(values: Values): string {
  if (values.id === undefined)
    throw usageError("--id is missing.", "Say which device this is: --id ID.");
  return field("id", "--id", values.id);
}

function serverIn({ server }: Values): ServerName {
  if (server !== undefined) return serverOf("--server", server);
  throw usageError("--server is missing.", "Say where the server is: --server HOST:PORT.");
}

function serverOf(name: string, text: string): ServerName {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) {
    throw usageError(
      `${name} is ${quoted(text)}, not a host and a port.`,
      "Write it as 192.0.2.7:9000, host.example:9000 or [::1]:9000.",
    );
  }
  checkHost(name, host);
  return { host, port: portValue(`The port of ${name}`, port) };
}

function checkHost(name: string, host: string): void {
  if (/^[A-Za-z0-9._:%-]{1,253}$/.test(host)) return;
  throw usageError(`${name} is ${quoted(host)}, not a host.`, "Give a host name or an IP address.");
}

function unbracketed(host: string): string {
  return /^\[(.*)\]$/.exec(host)?.[1] ?? host;
}

function codeOf(values: Values): string {
  return field("code", "--code", values.code ?? "01");
}

function field(rule: FieldName, name: string, text: string): string {
  if (fieldRules[rule].test(text)) return text;
  throw usageError(`${name} is ${quoted(text)}.`, `${fieldRules[rule].says}.`);
}

function expectPositionals(
  command: string,
  positionals: readonly string[],
  min: number,
  max: number,
): void {
  if (positionals.length > max) {
    throw wrongUsage(`Unexpected argument ${quoted(positionals[max] as string)} after ${command}.`);
  }
  if (positionals.length < min) throw wrongUsage(`${command} needs one more argument.`);
}
