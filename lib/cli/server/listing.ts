// Formats devices and reports as table rows for people and as JSON for programs. Never prints them itself.

import type { Column } from "./columns.ts";
import { describePresence, type SessionFacts, stamp } from "./presence.ts";
import { printable } from "./printable.ts";

type ShownSession = SessionFacts & {
  readonly ip: string;
  readonly port: number;
  readonly sealed: boolean;
};

/** A device as `iot-server devices` shows it. */
export type ShownDevice = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  readonly registered: number;
  /** How many of its reports repeated one that was stored before. */
  readonly repeats: number;
  /** The fingerprint of the device's key, or null if it has never logged in sealed. */
  readonly fingerprint: string | null;
  readonly textLocked: boolean;
  readonly session: ShownSession | null;
};

/** A report as `iot-server reports` shows it. */
export type ShownReport = {
  readonly sequence: number;
  readonly device: string;
  readonly time: string;
  readonly received: number;
  readonly at: number;
  readonly code: string;
  readonly message: string;
};

/** The columns of `deviceCells`. */
export const deviceColumns: readonly Column[] = [
  { heading: "DEVICE", widest: 40 },
  { heading: "MAC", widest: 20 },
  { heading: "ADDRESS", widest: 47 },
  { heading: "TRANSPORT", widest: 13 },
  { heading: "PRESENCE", widest: 80 },
];

/** The columns of `reportCells`. */
export const reportColumns: readonly Column[] = [
  { heading: "RECEIVED", widest: 20 },
  { heading: "DEVICE TIME", widest: 24 },
  { heading: "CODE", widest: 4 },
  { heading: "MESSAGE", widest: 80 },
];

/** Formats a device as a table row; `served` and `now` as in `describePresence`. */
export function deviceCells(device: ShownDevice, served: boolean, now: number): string[] {
  const { id, mac, ip, port, session } = device;
  const presence = describePresence(session, served, now);
  return [printable(id), printable(mac), address(ip, port), transportOf(device), presence];
}

/** Formats a device as one line of JSON; times are ISO 8601. */
export function deviceJson(device: ShownDevice, served: boolean): string {
  const { id, mac, ip, port, registered, repeats, session } = device;
  const online = served && session !== null && session.ended === null;
  return JSON.stringify({
    id,
    mac,
    ip,
    port,
    registered: iso(registered),
    online,
    transport: session === null ? null : session.sealed ? "sealed" : "text",
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
            ip: session.ip,
            port: session.port,
          },
  });
}

/** Formats a report as a table row. */
export function reportCells({ received, time, code, message }: ShownReport): string[] {
  return [stamp(received), printable(time), code, printable(message)];
}

/** Formats a report as one line of JSON. */
export function reportJson(report: ShownReport): string {
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
  return session.sealed ? `sealed ${fingerprint?.slice(7, 13) ?? ""}` : "text";
}

function address(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
