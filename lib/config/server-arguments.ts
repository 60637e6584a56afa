// Parses and checks the arguments of the server's commands, one function each. Never reads the environment. All
// functions throw an OperatingError `usage`.

import { isId } from "../protocol/fields.ts";
import { parseIsoTime } from "../protocol/time.ts";
import { callOf, type CommandName } from "./server-flags.ts";
import { durationValue, portValue, quoted, usageError } from "./values.ts";

const dayMs = 86_400_000;

/** What `query` asks a device: a QUERY code of two digits, or a target in the form of an id; by default its own id. */
export function question(positionals: readonly string[]): {
  id: string;
  code: string;
  target: string;
} {
  if (positionals.length > 2) expect(positionals, 2, "query");
  const id = idValue("query", positionals[0]);
  const what = positionals[1] ?? id;
  if (/^\d\d$/.test(what)) return { id, code: what, target: id };
  if (!isId(what)) {
    throw wrong(
      `${quoted(what)} cannot be asked.`,
      "Give a word of A-Z a-z 0-9 . _ : -, or a two-digit code.",
    );
  }
  return { id, code: "01", target: what };
}

/** The device id that a command needs. */
export function idValue(command: CommandName, text: string | undefined): string {
  if (text === undefined) throw wrong("The device's id is missing.", writeAs(command));
  if (!isId(text))
    throw wrong(`${quoted(text)} is not a device id.`, "An id is 1 to 64 of A-Z a-z 0-9 . _ : -");
  return text;
}

/** The port that names one of several servers; null without one. */
export function ownPort(command: CommandName, positionals: readonly string[]): number | null {
  expect(positionals, 1, command);
  const [port] = positionals;
  return port === undefined ? null : portValue("The port", port);
}

/** The file that a command needs. */
export function fileValue(command: CommandName, text: string | undefined): string {
  if (text !== undefined && text !== "") return text;
  throw wrong(`${command} needs the name of a file.`, writeAs(command));
}

/** The file that is copied, and the URL of the database that it goes to. */
export function copyValues(positionals: readonly string[]): { file: string; target: string } {
  expect(positionals, 2, "copy");
  const file = fileValue("copy", positionals[0]);
  const [, target = ""] = positionals;
  if (target !== "") return { file, target };
  throw wrong("copy needs a target.", writeAs("copy"));
}

/** What is exported, and in which format. */
export function exportValue(what: string, format: string) {
  if (what !== "devices" && what !== "reports") {
    throw wrong(`${quoted(what)} cannot be exported.`, "Export devices or reports.");
  }
  if (format !== "csv" && format !== "ndjson") {
    throw wrong(`--format is ${quoted(format)}.`, "Give csv or ndjson.");
  }
  return { what, format } as const;
}

/** How many reports `--last` asks for, 1 or more; without it 20, or all with `--since`. */
export function lastValue(text: string | null, since: string | null): number {
  if (text === null) return since === null ? 20 : Number.MAX_SAFE_INTEGER;
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
  throw wrong(`--last is ${quoted(text)}, not a number of reports.`, "Give a number from 1 on.");
}

/**
 * The time of `--since`: an ISO date or time (UTC unless it has a zone), or an age such as `2h`.
 * @param now ms since 1970
 * @returns ms since 1970
 */
export function sinceValue(text: string, now: number): number {
  if (/^\d+(ms|s|m|h|d)?$/.test(text))
    return now - durationValue("--since", text, 0, 36_500 * dayMs);
  const at = parseIsoTime(text);
  if (at !== null) return at;
  throw wrong(
    `--since is ${quoted(text)}, not a time.`,
    "Write 2026-11-22, 2026-11-22T09:00 (UTC) or 2h.",
  );
}

/** Refuses more than `count` arguments. */
export function expect(positionals: readonly string[], count: number, command: CommandName): void {
  const extra = positionals[count];
  if (extra === undefined) return;
  throw wrong(`${quoted(extra)} is one argument too many.`, writeAs(command));
}

/** Makes a usage error. */
export const wrong: (message: string, nextStep: string) => Error = usageError;

function writeAs(command: CommandName): string {
  return `Write: ${callOf(command)}`;
}
