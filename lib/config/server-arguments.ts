// Arguments of the server's commands as people write them, checked. Reads no environment; knows no configuration.

import { isId } from "../protocol/fields.ts";
import { callOf, type CommandName } from "./server-flags.ts";
import { durationValue, quoted, usageError } from "./values.ts";

const dayMs = 86_400_000;

/** What a device is asked: a two-digit code, or a word in the form of an id; by default about itself. */
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

/** A device id. */
export function idValue(command: CommandName, text: string | undefined): string {
  if (text === undefined) throw wrong("The device's id is missing.", writeAs(command));
  if (!isId(text))
    throw wrong(`${quoted(text)} is no device id.`, "An id is 1 to 64 of A-Z a-z 0-9 . _ : -");
  return text;
}

/** The name of a file that a command needs. */
export function fileValue(command: CommandName, text: string | undefined): string {
  if (text !== undefined && text !== "") return text;
  throw wrong(`${command} needs the name of a file.`, writeAs(command));
}

/** What is exported, and how it is written. */
export function exportValue(what: string, format: string) {
  if (what !== "devices" && what !== "reports") {
    throw wrong(`${quoted(what)} cannot be exported.`, "Export devices or reports.");
  }
  if (format !== "csv" && format !== "ndjson") {
    throw wrong(`--format is ${quoted(format)}.`, "Give csv or ndjson.");
  }
  return { what, format } as const;
}

/** How many reports `--last` asks for; with `--since` alone, all of them. */
export function lastValue(text: string | null, since: string | null): number {
  if (text === null) return since === null ? 20 : Number.MAX_SAFE_INTEGER;
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
  throw wrong(`--last is ${quoted(text)}, not a number of reports.`, "Give a number from 1 on.");
}

/** A time as people write it, or so long ago, in ms since 1970. */
export function sinceValue(text: string, now: number): number {
  if (/^\d+(ms|s|m|h|d)$/.test(text))
    return now - durationValue("--since", text, 0, 36_500 * dayMs);
  const at = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) || text.length <= 10 ? text : `${text}Z`);
  if (!Number.isNaN(at)) return at;
  throw wrong(
    `--since is ${quoted(text)}, not a time.`,
    "Write 2026-11-22, 2026-11-22T09:00 (UTC) or 2h.",
  );
}

/** Refuses arguments beyond so many. */
export function expect(positionals: readonly string[], count: number, command: CommandName): void {
  const extra = positionals[count];
  if (extra === undefined) return;
  throw wrong(`${quoted(extra)} is one argument too many.`, writeAs(command));
}

/** A usage error. */
export const wrong: (message: string, nextStep: string) => Error = usageError;

function writeAs(command: CommandName): string {
  return `Write: ${callOf(command)}`;
}
