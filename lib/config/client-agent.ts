// The settings of the agent, of run and wake. Never opens a file.

import { codeOf, type Given } from "./client-arguments.ts";
import { clientDefaults } from "./client-defaults.ts";
import { countValue, durationValue, usageError } from "./values.ts";

/** The settings of run and wake only. */
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

/**
 * Reads the settings of run and wake.
 * @throws OperatingError `usage`
 */
export function runSettings(given: Given): RunSettings {
  const { value, nameOf } = given;
  const [report, every] = [value("report"), value("every")];
  if (every !== null && report === null) {
    throw usageError(
      `${nameOf("every")} needs --report.`,
      "Say what to report: --report 'command'.",
    );
  }
  return {
    report,
    everyMs: durationValue(nameOf("every"), every ?? clientDefaults.every, 100, 86_400_000),
    onQuery: value("on-query"),
    onCommand: value("on-command"),
    commandTimeoutMs: durationValue(
      nameOf("command-timeout"),
      value("command-timeout") ?? clientDefaults["command-timeout"],
      100,
      86_400_000,
    ),
    code: codeOf(given),
    drainMs: durationValue(nameOf("drain"), value("drain") ?? clientDefaults.drain, 0, 3_600_000),
    spool: spoolOf(value("spool")),
    spoolMax: countValue(
      nameOf("spool-max"),
      value("spool-max") ?? clientDefaults["spool-max"],
      2,
      10_000_000,
    ),
  };
}

function spoolOf(text: string | null): RunSettings["spool"] {
  if (text === null) return "state";
  return text === "none" ? null : { file: text };
}
