// Formats devices and reports as table rows for people and as JSON for programs. Never prints them itself.

import { labelsObject, labelsText } from "../../server/labels.ts";
import { isSelected, type PresenceWord, type Selector } from "../../server/selector.ts";
import type { ListedDevice, ReportRow } from "../../server/rows.ts";
import type { Column } from "./columns.ts";
import { describePresence, stamp } from "./presence.ts";
import { printable } from "./printable.ts";

/** A device as `iot-server devices` shows it. */
export type ShownDevice = Omit<ListedDevice, "sealedKey"> & {
  /** The fingerprint of the device's key, or null if it has never logged in sealed. */
  readonly fingerprint: string | null;
};

/** The columns of `deviceCells`. @param isNamed whether a device has a name */
export function deviceColumns(isNamed: boolean): readonly Column[] {
  const [id, ...rest] = columns;
  return isNamed ? [id, { heading: "NAME", widest: 16 }, ...rest] : columns;
}

const columns: readonly [Column, ...Column[]] = [
  { heading: "DEVICE", widest: 40 },
  { heading: "MAC", widest: 20, spare: 1 },
  { heading: "ADDRESS", widest: 47, spare: 3 },
  { heading: "TRANSPORT", widest: 13, spare: 2 },
  { heading: "PRESENCE", widest: 80 },
];

/** The columns of `reportCells`. */
export const reportColumns: readonly Column[] = [
  { heading: "RECEIVED", widest: 20 },
  { heading: "DEVICE TIME", widest: 24 },
  { heading: "CODE", widest: 4 },
  { heading: "MESSAGE", widest: 80 },
];

/**
 * Formats a device as a table row; `served` and `now` as in `describePresence`.
 * @param isNamed as for `deviceColumns`
 */
export function deviceCells(
  device: ShownDevice,
  isNamed: boolean,
  served: boolean,
  now: number,
): string[] {
  const { id, mac, ip, port, labels, session } = device;
  const presence = describePresence(session, served, now);
  const names = [id, ...(isNamed ? [labels.get("name") ?? ""] : [])].map(printable);
  return [...names, printable(mac), address(ip, port), transportOf(device), presence];
}

/** All that is known of a device, a line a subject; `served` and `now` as in `describePresence`. */
export function deviceLines(device: ShownDevice, served: boolean, now: number): string[] {
  const { id, mac, ip, port, labels, session, fingerprint, repeats } = device;
  const rows: [label: string, facts: string | null][] = [
    ["presence", describePresence(session, served, now)],
    ["last seen", session && stamp(session.lastSeen)],
    ["session", session && `since ${stamp(session.started)}`],
    ["from", session && address(session.source.ip, session.source.port)],
    ["transport", transportOf(device)],
    ["key", fingerprint],
    ["text", device.textLocked ? "refused, since it logged in sealed" : "allowed"],
    ["MAC", mac],
    ["address", address(ip, port)],
    ["registered", stamp(device.registered)],
    ["labels", labels.size === 0 ? "none" : labelsText(labels)],
    ["repeats", repeats === 0 ? null : `${repeats} reports came again after they were stored`],
  ];
  const told = rows.filter((row): row is [string, string] => row[1] !== null);
  return [
    printable(id),
    ...told.map(([label, facts]) => `  ${label.padEnd(10)} ${printable(facts)}`),
  ];
}

/** Whether a selector means a device; `served` as in `describePresence`. null means all. */
export function isShown(
  { id, labels, session }: Pick<ListedDevice, "id" | "labels" | "session">,
  select: Selector | null,
  served: boolean,
): boolean {
  return select === null || isSelected(select, { id, labels, presence: wordOf(session, served) });
}

function wordOf(session: ListedDevice["session"], served: boolean): PresenceWord {
  if (session === null) return "never";
  if (session.ended === null) return served ? "online" : "left";
  return session.reason === "offline" ? "silent" : "left";
}

/** Formats a device as one line of JSON; times are ISO 8601. */
export function deviceJson(device: ShownDevice, served: boolean): string {
  const { id, labels, mac, ip, port, registered, repeats, session } = device;
  const online = served && session !== null && session.ended === null;
  return JSON.stringify({
    id,
    labels: labelsObject(labels),
    mac,
    ip,
    port,
    registered: iso(registered),
    online,
    transport: session === null ? null : session.clientKey === null ? "text" : "sealed",
    fingerprint: device.fingerprint,
    textLocked: device.textLocked,
    repeats,
    session:
      session === null
        ? null
        : {
            started: iso(session.started),
            lastSeen: iso(session.lastSeen),
            ended: session.ended === null ? null : iso(session.ended),
            reason: session.reason,
            ip: session.source.ip,
            port: session.source.port,
          },
  });
}

/** Formats a report as a table row. */
export function reportCells({ received, time, code, message }: ReportRow): string[] {
  return [stamp(received), printable(time), code, printable(message)];
}

/** Formats a report as one line of JSON. */
export function reportJson(report: ReportRow): string {
  const { sequence, device, time, received, at, code, message } = report;
  return JSON.stringify({
    sequence,
    device,
    time,
    received: iso(received),
    at: iso(at),
    code,
    message,
  });
}

/** `text`, or `sealed` with the first 6 characters of the key's fingerprint; the JSON has the whole fingerprint. */
function transportOf({ session, fingerprint }: ShownDevice): string {
  if (session === null) return "-";
  return session.clientKey === null ? "text" : `sealed ${fingerprint?.slice(7, 13) ?? ""}`;
}

function address(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
