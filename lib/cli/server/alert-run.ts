// What `iot-server alert` prints. Carries everything out through the operations it is given; opens nothing.

import type {
  AlertOperations,
  ShownDestination,
  ShownMute,
  ShownRule,
} from "../../alerts/alert-operations.ts";
import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import type { AlertRow } from "../../server/alert-store.ts";
import { durationToType, roughDuration } from "../../server/duration-text.ts";
import { readSelector, type Selector } from "../../server/selector.ts";
import type { AlertAction } from "../../config/alert-arguments.ts";
import { aligned } from "./columns.ts";
import { agree } from "./label-run.ts";
import { printable } from "./printable.ts";

const listedMax = 1_000;

/** What it needs from its caller. */
export type AlertRunPort = {
  readonly operations: AlertOperations;
  /** The ids that a selector means. @throws OperatingError `none-selected` */
  readonly selected: (select: Selector) => Promise<readonly string[]>;
  /** Asks a person; null: nobody is there to be asked. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
  /** The lines of a file with headers. */
  readonly readHeaders: (file: string) => string;
  /** ms since 1970. */
  readonly now: number;
  readonly json: boolean;
  write(line: string): void;
};

/** Carries out an action. @throws OperatingError of the operation */
export async function runAlertAction(action: AlertAction, port: AlertRunPort): Promise<ExitCode> {
  const { operations, write } = port;
  switch (action.action) {
    case "list":
      return list(action.isAll, port);
    case "rules":
      return rules(port);
    case "to": {
      const { name, url, format, headerFile } = action;
      const headers = headerFile === null ? {} : { headers: port.readHeaders(headerFile) };
      const given = { url, ...headers, ...(format === undefined ? {} : { format }) };
      const made = await operations.putDestination(name, given);
      write(`${name}: ${made.url} (${made.format}).`);
      write(`Try it with: iot-server alert test ${quotedName(name)}`);
      return exitCode.done;
    }
    case "add": {
      const { name, action: _, ...given } = action;
      const made = await operations.putRule(name, given);
      const all = await operations.destinations();
      write(`${name}: ${made.rule}`);
      write(`  ${ruleWords(made)}`);
      if (all.length === 0) {
        write("It tells nobody yet: make a destination with iot-server alert to NAME URL.");
      }
      return exitCode.done;
    }
    case "remove":
      return remove(action.name, port);
    case "test": {
      const { isDone, status, ms } = await operations.test(action.name);
      write(`${action.name}: ${printable(status)}, after ${ms} ms.`);
      return isDone ? exitCode.done : exitCode.refused;
    }
    case "mute": {
      const { rule, select, forMs, note, yes } = action;
      const meant = select === null || yes ? null : readSelector(select);
      // A wrong one is refused by the operation.
      if (meant?.ok === true) await agree(await port.selected(meant.value), port);
      const made = await operations.mute({ rule, select, forMs, note });
      const until = new Date(made.until).toISOString();
      write(`Muted as number ${made.name} until ${until}.`);
      write(`To end it: iot-server alert unmute ${made.name}`);
      return exitCode.done;
    }
    case "unmute":
      if (await operations.remove("mute", action.name)) return exitCode.done;
      throw unknown("mute", action.name);
  }
}

async function list(
  isAll: boolean,
  { operations, write, json, now }: AlertRunPort,
): Promise<ExitCode> {
  const state = isAll ? null : "open";
  const query = {
    state,
    rule: null,
    device: null,
    before: Number.MAX_SAFE_INTEGER,
    limit: listedMax,
  } as const;
  const alerts = await operations.alerts(query);
  if (json) {
    for (const alert of alerts) write(JSON.stringify(shownAlert(alert)));
    return exitCode.done;
  }
  if (alerts.length === 0) write(isAll ? "There was no alert." : "No alert is open.");
  const columns = [
    { heading: "NUMBER", widest: 9 },
    { heading: "STATE", widest: 9 },
    { heading: "SINCE", widest: 10 },
    { heading: "DEVICE", widest: 32 },
    { heading: "VALUE", widest: 12 },
    { heading: "RULE", widest: 64 },
  ];
  const rows = alerts.map(({ number, state: is, since, device, value, rule }) => [
    `${number}`,
    is,
    roughDuration(Math.max(0, now - since)),
    printable(device),
    value === null ? "" : `${value}`,
    printable(rule),
  ]);
  for await (const line of aligned(columns, rows)) write(line.trimEnd());
  return exitCode.done;
}

async function rules({ operations, write, json, now }: AlertRunPort): Promise<ExitCode> {
  const all = await operations.rules();
  const destinations = await operations.destinations();
  const mutes = await operations.mutes();
  if (json) {
    for (const rule of all) write(JSON.stringify({ kind: "rule", ...rule }));
    for (const destination of destinations)
      write(JSON.stringify({ kind: "destination", ...destination }));
    for (const mute of mutes) write(JSON.stringify({ kind: "mute", ...mute }));
    return exitCode.done;
  }
  if (all.length === 0)
    write("There is no rule. One is: iot-server alert add quiet 'offline for 10m'");
  for (const rule of all) {
    write(`${printable(rule.name)}: ${rule.rule}${rule.isEnabled ? "" : " (off)"}`);
    write(`  ${ruleWords(rule)}`);
  }
  if (destinations.length === 0) {
    write("There is no destination. One is:");
    write("  iot-server alert to phone https://ntfy.sh/TOPIC --format ntfy");
  }
  for (const one of destinations) {
    write(`→ ${printable(one.name)}: ${one.url}`);
    write(`  ${destinationWords(one, now)}`);
  }
  for (const mute of mutes) {
    write(`muted ${mute.name}: ${mutedWords(mute)}`);
    write(`  until ${new Date(mute.until).toISOString()}${noteWords(mute)}`);
  }
  return exitCode.done;
}

async function remove(name: string, { operations, write }: AlertRunPort): Promise<ExitCode> {
  for (const of of ["rule", "destination"] as const) {
    if (!(await operations.remove(of, name))) continue;
    write(`The ${of} ${printable(name)} is removed.`);
    return exitCode.done;
  }
  throw unknown("rule and no destination", name);
}

function unknown(what: string, name: string): OperatingError {
  const message = `There is no ${what} ${JSON.stringify(name)}.`;
  return new OperatingError("unknown-alert", message, "See iot-server alert rules.");
}

function ruleWords({ select, severity, to, repeatMs }: ShownRule): string {
  const whom = select === null ? "all devices" : `devices with ${select}`;
  const told = to.length === 0 ? "all destinations" : to.join(", ");
  const again = repeatMs === null ? "once" : `again every ${durationToType(repeatMs)}`;
  return `${whom}; ${severity}; told to ${told}, ${again}`;
}

function destinationWords({ format, headers, last }: ShownDestination, now: number): string {
  const also = headers.length === 0 ? "" : `, with ${headers.join(", ")}`;
  const ago = last === null ? "" : roughDuration(Math.max(0, now - last.at));
  const result = last === null ? "nothing sent yet" : `last: ${printable(last.status)}, ${ago} ago`;
  return `${format}${also}; ${result}`;
}

function mutedWords({ rule, select }: ShownMute): string {
  const what = rule === null ? "all rules" : `rule ${printable(rule)}`;
  return select === null ? what : `${what}, devices with ${select}`;
}

function noteWords({ note }: ShownMute): string {
  return note === "" ? "" : `: ${printable(note)}`;
}

function shownAlert({ since, fired, resolved, notified, ...alert }: AlertRow) {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const times = { fired: time(fired), resolved: time(resolved), notified: time(notified) };
  return { ...alert, since: time(since), ...times };
}

function quotedName(name: string): string {
  return name.includes(" ") ? `'${name}'` : name;
}
