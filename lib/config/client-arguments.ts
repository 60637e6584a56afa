// Arguments of the client's commands as people write them, checked. Reads no file; knows no configuration.

import { fieldRules, isPassword } from "../protocol/fields.ts";
import type { FieldName } from "../protocol/messages.ts";
import type { Arguments, Env } from "./arguments.ts";
import { type CommandName, type FlagName, synopses } from "./client-flags.ts";
import { type ServerName, serverNameValue } from "./server-name.ts";
import { durationValue, quoted, usageError } from "./values.ts";

/** What was given on the client's command line. */
export type Given = Arguments<FlagName>;

/** Where the password comes from. */
export type PasswordSource =
  | { readonly kind: "given"; readonly password: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "ask" };

/** What the server is asked. */
export type QueryWhat = "address" | "report" | "list";

const timeoutMsMax = 3_600_000;

/**
 * Refuses a password among the arguments.
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

/** What `query` asks, and whom about. */
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
        what === undefined ? "query needs to know what." : `No question ${quoted(what)}.`,
        "Write: query address ID, query report ID or query list.",
      );
  }
}

/**
 * How long a request may take, in ms.
 * @param otherwise where nothing was said
 */
export function timeoutOf({ value, nameOf }: Given, otherwise: number): number {
  const text = value("timeout");
  return text === null ? otherwise : durationValue(nameOf("timeout"), text, 1, timeoutMsMax);
}

/**
 * Where the password comes from.
 * @param path `--password-file`, or null
 */
export function passwordSource(path: string | null, env: Env): PasswordSource {
  if (path !== null) return { kind: "file", path };
  const password = env["IOT_PASSWORD"] ?? "";
  if (password === "") return { kind: "ask" };
  if (!isPassword(password)) {
    throw usageError(`IOT_PASSWORD: ${fieldRules.password.says}.`, "Set one that is.");
  }
  return { kind: "given", password };
}

/** The device that this client is. */
export function idOf({ value, nameOf }: Given): string {
  const id = value("id");
  if (id === null) throw usageError("--id is missing.", "Say which device this is: --id ID.");
  return field("id", nameOf("id"), id);
}

/** The server that it speaks to. */
export function serverIn({ value, nameOf }: Given): ServerName {
  const server = value("server");
  if (server !== null) return serverNameValue(nameOf("server"), server);
  throw usageError("--server is missing.", "Say where the server is: --server HOST:PORT.");
}

/** The code of its reports. */
export function codeOf({ value, nameOf }: Given): string {
  return field("code", nameOf("code"), value("code") ?? "01");
}

/**
 * A text that has the form of a field of the protocol.
 * @param name the flag or argument, for the error
 * @throws OperatingError `usage`
 */
export function field(rule: FieldName, name: string, text: string): string {
  if (fieldRules[rule].test(text)) return text;
  throw usageError(`${name} is ${quoted(text)}.`, `${fieldRules[rule].says}.`);
}

/**
 * Refuses too few arguments, and too many.
 * @param what the command, or one form of it: its first word names the command
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
