// What `iot-server devices`, `reports` and `query` print, and how they end. Reads nothing by itself.

import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import {
  deviceHeading,
  deviceJson,
  deviceLine,
  reportHeading,
  reportJson,
  reportLine,
  type ShownDevice,
  type ShownReport,
} from "./listing.ts";
import { printable } from "./printable.ts";

type Write = (line: string) => void;

/** Prints the registrar, one device a line. */
export function printDevices(
  { json }: { readonly json: boolean },
  devices: Iterable<ShownDevice>,
  served: boolean,
  now: number,
  write: Write,
): ExitCode {
  let count = 0;
  for (const device of devices) {
    if (!json && count === 0) write(deviceHeading);
    write(json ? deviceJson(device, served) : deviceLine(device, served, now));
    count++;
  }
  if (count === 0 && !json) write("No devices are registered yet.");
  return exitCode.done;
}

/**
 * Prints reports, the oldest first.
 * @param reports newest first
 * @throws OperatingError `unknown-device` where neither the device nor a report of it is known
 */
export function printReports(
  { id, json }: { readonly id: string; readonly json: boolean },
  known: boolean,
  reports: readonly ShownReport[],
  write: Write,
): ExitCode {
  if (!known && reports.length === 0) {
    throw new OperatingError(
      "unknown-device",
      `No device ${id} is registered.`,
      "See iot-server devices.",
    );
  }
  if (!json) write(reports.length === 0 ? `No reports of ${id}.` : reportHeading);
  for (const report of reports.toReversed()) write(json ? reportJson(report) : reportLine(report));
  return exitCode.done;
}

/**
 * Says that a device may speak text again.
 * @throws OperatingError `unknown-device`
 */
export function printAllowed(id: string, known: boolean, write: Write): ExitCode {
  if (!known) {
    throw new OperatingError(
      "unknown-device",
      `No device ${id} is registered.`,
      "See iot-server devices.",
    );
  }
  write(`${id} may speak text again, until it logs in sealed.`);
  return exitCode.done;
}

/**
 * Prints the link that logs a browser in.
 * @throws OperatingError `no-dashboard`
 */
export function printLink(link: string | null, write: Write): ExitCode {
  if (link === null) {
    throw new OperatingError(
      "no-dashboard",
      "This server serves no dashboard.",
      "Start it without --no-http.",
    );
  }
  write(link);
  return exitCode.done;
}

/**
 * Prints the server's key as devices pin it.
 * @throws OperatingError `no-identity`
 */
export function printFingerprint(db: string, print: string | null, write: Write): ExitCode {
  if (print === null) {
    throw new OperatingError(
      "no-identity",
      `There is no identity.key beside ${db}.`,
      "It is made when iot-server starts for the first time; name its database with --db.",
    );
  }
  write(print);
  return exitCode.done;
}

type Answer =
  | {
      readonly kind: "answer";
      readonly code: string;
      readonly time: string;
      readonly message: string;
    }
  | { readonly kind: keyof typeof refusals };

const refusals = {
  unknown: { code: "11", words: "unknown device" },
  "not-logged-in": { code: "12", words: "the device is not logged in" },
  "no-answer": { code: "14", words: "the device did not answer" },
  busy: { code: "93", words: "busy, try again later" },
} as const;

/** Prints what a device answered, or why there is no answer. */
export function printAnswer(
  { id, json }: { readonly id: string; readonly json: boolean },
  result: Answer,
  write: Write,
): ExitCode {
  if (result.kind === "answer") {
    const { code, time, message } = result;
    write(json ? JSON.stringify({ id, code, time, message }) : printable(message));
    return exitCode.done;
  }
  const { code, words } = refusals[result.kind];
  write(json ? JSON.stringify({ id, code, error: words }) : `${code} ${words}`);
  return result.kind === "no-answer" ? exitCode.noAnswer : exitCode.refused;
}
