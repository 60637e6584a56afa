// Parses and checks the arguments of the client's commands, one function each. Never reads a file.

import { fieldRules, isPassword, reservedIds } from "../protocol/fields.ts";
import { tokenIn } from "../server/door/join-token.ts";
import type { FieldName } from "../protocol/messages.ts";
import type { Arguments, Env } from "./arguments.ts";
import { clientDefaults } from "./client-defaults.ts";
import { type CommandName, type FlagName, synopses } from "./client-flags.ts";
import { type ServerName, serverNamesValue } from "./server-name.ts";
import { durationValue, quoted, usageError } from "./values.ts";

/** The given arguments of the client. */
export type Given = Arguments<FlagName>;

/** The source of the password. */
export type PasswordSource =
  | { readonly kind: "given"; readonly password: string }
  | { readonly kind: "file"; readonly path: string }
  /** Made of a join token, and kept in the state of the device. */
  | { readonly kind: "join"; readonly token: string }
  /** The one that is kept, or typed. */
  | { readonly kind: "ask" };

/** What `query` asks the server for. */
export type QueryWhat = "address" | "report" | "list";

const timeoutMsMax = 3_600_000;

/**
 * Refuses `--password` among the arguments before `--`.
 * @throws OperatingError `usage`
 */
export function refusePassword(args: readonly string[]): void {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  if (!own.some((arg) => /^--password(=|$)/.test(arg))) return;
  throw usageError(
    "A password does not belong on the command line, where others can read it.",
    "Set IOT_PASSWORD, or name a file with --password-file.",
  );
}

/**
 * What `query` asks for, and about which id; the target of a list is `*`.
 * @throws OperatingError `usage`
 */
export function questionOf(positionals: readonly string[]): { what: QueryWhat; target: string } {
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
        what === undefined ? "query needs a question." : `Unknown question ${quoted(what)}.`,
        "Write: query address ID, query report ID or query list.",
      );
  }
}

/**
 * How long a request may take, in ms: 1 to 3,600,000, or `otherwise`.
 * @param otherwise the default, in ms
 * @throws OperatingError `usage`
 */
export function timeoutOf({ value, nameOf }: Given, otherwise: number): number {
  const text = value("timeout");
  return text === null ? otherwise : durationValue(nameOf("timeout"), text, 1, timeoutMsMax);
}

/**
 * The source of the password. What the configuration file says of it gives way to an option and to a variable.
 * @throws OperatingError `usage` as `passwordSource`
 */
export function passwordOf({ value, originOf }: Given, env: Env): PasswordSource {
  const isTyped = (env["IOT_PASSWORD"] ?? "") !== "";
  const isStronger = (name: "join" | "password-file") =>
    value(name) !== null && originOf(name) !== "file";
  const unlessBeaten = (name: "join" | "password-file", other: "join" | "password-file") =>
    originOf(name) === "file" && (isTyped || isStronger(other)) ? null : value(name);
  const path = unlessBeaten("password-file", "join");
  return passwordSource(path, unlessBeaten("join", "password-file"), env);
}

/**
 * The source of the password: the file, else IOT_PASSWORD, else a join token, else a prompt.
 * @param path the value of `--password-file`, or null
 * @param token the value of `--join`, or null
 * @throws OperatingError `usage` if IOT_PASSWORD is not a valid password, or the token none, or if both are given
 */
export function passwordSource(
  path: string | null,
  token: string | null,
  env: Env,
): PasswordSource {
  const password = env["IOT_PASSWORD"] ?? "";
  if (token !== null) {
    if (path === null && password === "") return { kind: "join", token: joinToken(token) };
    throw usageError(
      "There are a join token and a password.",
      "Give one of them: with --join, the client makes the password and keeps it.",
    );
  }
  if (path !== null) return { kind: "file", path };
  if (password === "") return { kind: "ask" };
  if (!isPassword(password)) {
    throw usageError(`IOT_PASSWORD: ${fieldRules.password.says}.`, "Set a valid password.");
  }
  return { kind: "given", password };
}

/** The token is a secret, so the error does not show it. */
function joinToken(text: string): string {
  const token = tokenIn(text);
  if (token !== null && text.length === token.length) return token;
  throw usageError(
    "--join is no join token: join- and 26 characters.",
    "Make one: iot-server join token",
  );
}

/**
 * The id of the device that this client speaks for.
 * @param hostName of this machine, for a proposal; empty for none
 * @throws OperatingError `usage` if it is missing or invalid
 */
export function idOf({ value, nameOf }: Given, hostName: string): string {
  const id = value("id");
  if (id !== null) return field("id", nameOf("id"), id);
  const proposal = hostName.split(".")[0] ?? "";
  const isFit = fieldRules.id.test(proposal) && !reservedIds.includes(proposal);
  throw usageError(
    "--id is missing.",
    isFit && proposal !== "localhost"
      ? `Say which device this is, such as by the name of this machine: --id ${proposal}`
      : "Say which device this is: --id ID.",
  );
}

/** The servers to use, at least one; throws `usage` if they are missing or invalid. */
export function serversIn({ value, nameOf }: Given): readonly ServerName[] {
  const servers = value("server");
  if (servers !== null) return serverNamesValue(nameOf("server"), servers);
  throw usageError("--server is missing.", "Say where the server is: --server HOST:PORT.");
}

/** The code of the reports, two digits, by default 01; throws `usage` if it is invalid. */
export function codeOf({ value, nameOf }: Given): string {
  return field("code", nameOf("code"), value("code") ?? clientDefaults.code);
}

/**
 * Returns the text if it has the form of a field of the protocol.
 * @param rule the field
 * @param name the flag or argument, for the error
 * @throws OperatingError `usage`
 */
export function field(rule: FieldName, name: string, text: string): string {
  if (fieldRules[rule].test(text)) return text;
  throw usageError(`${name} is ${quoted(text)}.`, `${fieldRules[rule].says}.`);
}

/**
 * Refuses fewer than `min` and more than `max` arguments.
 * @param what the command, or one form of it such as `query list`; its first word is the command
 * @throws OperatingError `usage`
 */
export function expectPositionals(
  what: string,
  positionals: readonly string[],
  min: number,
  max: number,
): void {
  const { length } = positionals;
  if (length >= min && length <= max) return;
  const command = what.split(" ")[0] as CommandName;
  const extra = quoted(positionals[max] ?? "");
  throw usageError(
    length < min
      ? `${what} needs one more argument.`
      : `Unexpected argument ${extra} after ${what}.`,
    `Write: ${`iot-client ${command} ${synopses[command][0]}`.trimEnd()}`,
  );
}
