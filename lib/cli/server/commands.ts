// What `iot-server devices`, `reports` and `query` print, and how they end. Reads nothing by itself.

import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import { aligned } from "./columns.ts";
import {
  deviceCells,
  deviceColumns,
  deviceJson,
  reportCells,
  reportColumns,
  reportJson,
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
  if (json) {
    for (const device of devices) write(deviceJson(device, served));
    return exitCode.done;
  }
  const cells = each(devices, (device) => deviceCells(device, served, now));
  writeAll(aligned(deviceColumns, cells), write, "No devices are registered yet.");
  return exitCode.done;
}

/**
 * Prints reports.
 * @param reports oldest first, read as they are printed
 * @throws OperatingError `unknown-device` where neither the device nor a report of it is known
 */
export function printReports(
  { id, json }: { readonly id: string; readonly json: boolean },
  known: boolean,
  reports: Iterable<ShownReport>,
  write: Write,
): ExitCode {
  const lines = json
    ? each(reports, reportJson)
    : aligned(reportColumns, each(reports, reportCells));
  const count = writeAll(lines, write, known && !json ? `No reports of ${id}.` : null);
  if (!known && count === 0) {
    throw new OperatingError(
      "unknown-device",
      `No device ${id} is registered.`,
      "See iot-server devices.",
    );
  }
  return exitCode.done;
}

/** Writes lines, or, where there are none, some words; returns how many there were. */
function writeAll(lines: Iterable<string>, write: Write, otherwise: string | null): number {
  let count = 0;
  for (const line of lines) {
    write(line);
    count++;
  }
  if (count === 0 && otherwise !== null) write(otherwise);
  return count;
}

function* each<From, To>(all: Iterable<From>, to: (one: From) => To): Generator<To> {
  for (const one of all) yield to(one);
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
