// The output and exit codes of `iot-server devices`, `reports`, `query`, `open` and `fingerprint`. Never reads the
// database and never asks the server: results are passed in.

import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import type { ReportRow } from "../../server/rows.ts";
import { aligned } from "./columns.ts";
import {
  deviceCells,
  deviceColumns,
  deviceLines,
  deviceJson,
  isShown,
  reportCells,
  reportColumns,
  reportJson,
  type ShownDevice,
} from "./listing.ts";
import type { Selector } from "../../server/selector.ts";
import { printable } from "./printable.ts";

/** Prints a line, without its end. */
export type WriteLine = (line: string) => void;
/** Rows of a store, read while they are printed. */
type Listed<Row> = AsyncIterable<Row> | Iterable<Row>;

/**
 * Prints the registered devices that a selector means, one a line.
 * @param asked `isNamed`: whether a device has a name; `room`: how wide a line may be, if it goes to a terminal
 * @param served whether a server is running on the database
 * @param now ms since 1970
 */
export async function printDevices(
  {
    json,
    select,
    isNamed,
    room,
  }: {
    readonly json: boolean;
    readonly select: Selector | null;
    readonly isNamed: boolean;
    readonly room?: number;
  },
  devices: Listed<ShownDevice>,
  served: boolean,
  now: number,
  write: WriteLine,
): Promise<ExitCode> {
  if (json) {
    for await (const device of devices) {
      if (isShown(device, select, served)) write(deviceJson(device, served));
    }
    return exitCode.done;
  }
  const shown = filtered(devices, (device) => isShown(device, select, served));
  const cells = each(shown, (device) => deviceCells(device, isNamed, served, now));
  const none =
    select === null ? "No devices are registered yet." : `No device is meant by ${select.text}.`;
  await writeAll(aligned(deviceColumns(isNamed), cells, room), write, none);
  return exitCode.done;
}

/**
 * Prints all that is known of one device.
 * @param devices those among which it is looked for
 * @param shown as for `printDevices`
 * @throws OperatingError `unknown-device`
 */
export async function printDevice(
  { id, json }: { readonly id: string; readonly json: boolean },
  devices: Listed<ShownDevice>,
  { served, now }: { readonly served: boolean; readonly now: number },
  write: WriteLine,
): Promise<ExitCode> {
  for await (const device of devices) {
    if (device.id !== id) continue;
    if (json) write(deviceJson(device, served));
    else for (const line of deviceLines(device, served, now)) write(line);
    return exitCode.done;
  }
  throw unknownDevice(id);
}

/** The error for an id that is not registered. */
export function unknownDevice(id: string): OperatingError {
  return new OperatingError(
    "unknown-device",
    `No device ${id} is registered.`,
    "See iot-server devices.",
  );
}

/**
 * Prints the reports of a device.
 * @param known whether the device is registered
 * @param reports oldest first; read while they are printed
 * @throws OperatingError `unknown-device` if the device is not registered and has no reports
 */
export async function printReports(
  { id, json }: { readonly id: string; readonly json: boolean },
  known: boolean,
  reports: Listed<ReportRow>,
  write: WriteLine,
): Promise<ExitCode> {
  const lines = json
    ? each(reports, reportJson)
    : aligned(reportColumns, each(reports, reportCells));
  const count = await writeAll(lines, write, known && !json ? `No reports of ${id}.` : null);
  if (!known && count === 0) {
    throw unknownDevice(id);
  }
  return exitCode.done;
}

/** Writes lines, or `otherwise` if there are none; returns the number of lines. */
async function writeAll(
  lines: AsyncIterable<string>,
  write: WriteLine,
  otherwise: string | null,
): Promise<number> {
  let count = 0;
  for await (const line of lines) {
    write(line);
    count++;
  }
  if (count === 0 && otherwise !== null) write(otherwise);
  return count;
}

async function* filtered<Row>(all: Listed<Row>, isIn: (row: Row) => boolean): AsyncGenerator<Row> {
  for await (const row of all) if (isIn(row)) yield row;
}

async function* each<From, To>(all: Listed<From>, to: (one: From) => To): AsyncGenerator<To> {
  for await (const one of all) yield to(one);
}

/**
 * Prints that a device may use text again.
 * @param known whether the device is registered
 * @throws OperatingError `unknown-device`
 */
export function printAllowed(id: string, known: boolean, write: WriteLine): ExitCode {
  if (!known) throw unknownDevice(id);
  write(`${id} may speak text again, until it logs in sealed.`);
  return exitCode.done;
}

/**
 * Prints the link that logs a browser in.
 * @param link the link, or null if the server serves no dashboard
 * @throws OperatingError `no-dashboard`
 */
export function printLink(link: string | null, write: WriteLine): ExitCode {
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
 * Prints the fingerprint of the server's key.
 * @param print the fingerprint, or null if there is no identity.key
 * @throws OperatingError `no-identity`
 */
export function printFingerprint(db: string, print: string | null, write: WriteLine): ExitCode {
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
  unknown: {
    code: "11",
    words: "unknown device",
    message: (id: string) => `No device ${id} is registered.`,
    nextStep: () => "See iot-server devices for those that are.",
  },
  "not-logged-in": {
    code: "12",
    words: "the device is not logged in",
    message: (id: string) => `${id} is not logged in, so it cannot be asked.`,
    nextStep: (id: string) =>
      `See since when and why: iot-server devices --select id=${id}. Ask again once it has logged in.`,
  },
  "no-answer": {
    code: "14",
    words: "the device did not answer",
    message: (id: string) => `${id} is logged in and did not answer.`,
    nextStep: () =>
      "An iot-client run answers with --on-query only. Is the device reachable? Ask again.",
  },
  busy: {
    code: "93",
    words: "busy, try again later",
    message: (id: string) => `The server could not ask ${id} now.`,
    nextStep: () => "Too many questions are open, or its store is away: see iot-server health.",
  },
} as const;

/**
 * Prints the answer of a device; with --json also why there is none.
 * @throws OperatingError `not-answered` if there is none
 */
export function printAnswer(
  { id, json }: { readonly id: string; readonly json: boolean },
  result: Answer,
  write: WriteLine,
): ExitCode {
  if (result.kind === "answer") {
    const { code, time, message } = result;
    write(json ? JSON.stringify({ id, code, time, message }) : printable(message));
    return exitCode.done;
  }
  const { code, words, message, nextStep } = refusals[result.kind];
  const exit = result.kind === "no-answer" ? exitCode.noAnswer : exitCode.refused;
  if (!json) throw new OperatingError("not-answered", message(id), nextStep(id), exit);
  write(JSON.stringify({ id, code, error: words }));
  return exit;
}
