// Devices and reports as lines for a person, or as JSON for a program. Prints nothing itself.

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
  /** The fingerprint of its key, or null for a device that was never sealed. */
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
  readonly code: string;
  readonly message: string;
};

export const deviceHeading = `${"DEVICE".padEnd(20)} ${"MAC".padEnd(18)} ${"ADDRESS".padEnd(22)} TRANSPORT     PRESENCE`;
export const reportHeading = `${"RECEIVED".padEnd(24)} ${"DEVICE TIME".padEnd(23)} CODE MESSAGE`;

/** A device as one line. */
export function deviceLine(device: ShownDevice, served: boolean, now: number): string {
  const { id, mac, ip, port, session } = device;
  const presence = describePresence(session, served, now);
  return `${id.padEnd(20)} ${printable(mac).padEnd(18)} ${address(ip, port).padEnd(22)} ${transportOf(device).padEnd(13)} ${presence}`;
}

/** A device as one line of JSON; times are ISO 8601. */
export function deviceJson(device: ShownDevice, served: boolean): string {
  const { id, mac, ip, port, registered, session } = device;
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

/** A report as one line. */
export function reportLine(report: ShownReport): string {
  const { received, time, code, message } = report;
  return `${stamp(received).padEnd(24)} ${printable(time).padEnd(23)} ${code.padEnd(4)} ${printable(message)}`;
}

/** A report as one line of JSON. */
export function reportJson(report: ShownReport): string {
  const { sequence, device, time, received, code, message } = report;
  return JSON.stringify({ sequence, device, time, received: iso(received), code, message });
}

/** `text`, or `sealed` with the first letters of the key's fingerprint; all of it is in the JSON. */
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
