// Owns the values that several handlers and live events give: a report, a presence, an unknown device, and who
// asks. Never reads anything
// itself.

import { labelsObject } from "../../server/labels.ts";
import type { ReportRow } from "../../server/rows.ts";
import type { PresenceChange, ReportJson } from "../api/shapes.ts";
import { messageCharsMax } from "../api/words.ts";
import { timeText, timeTextOrNull } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";
import { presenceOf, type RosterEntry } from "../../fleet/presence-of.ts";
import type { Roster } from "../../fleet/roster.ts";

/** The JSON form of a report. */
export function reportOf(report: ReportRow): ReportJson {
  const { sequence, device, time, received, at, code, message } = report;
  return { sequence, device, time, received: timeText(received), at: timeText(at), code, message };
}

/** The same of a report with a message that may be cut, for an event. */
export function shortened(report: ReportRow): ReportJson {
  const { message } = report;
  if (message.length <= messageCharsMax) return reportOf(report);
  return reportOf({ ...report, message: message.slice(0, messageCharsMax) });
}

/** The presence, the labels and the number of open commands of a device, as device lists and `devices` events have it. */
export function presenceFields(
  { openCommands }: Pick<WebPorts, "openCommands">,
  roster: Roster,
  entry: RosterEntry,
): Omit<PresenceChange, "id"> {
  const presence = presenceOf(entry);
  return {
    presence,
    since: presence === "never" ? null : timeText(entry.ended ?? entry.started),
    reason: entry.reason,
    lastSeen: timeTextOrNull(roster.lastSeen(entry)),
    labels: labelsObject(entry.labels),
    openCommands: openCommands.of(entry.id),
  };
}

/** The error for an id that is not registered. */
export function unknown(id: string): Problem {
  return new Problem(
    "unknown-device",
    `No device ${JSON.stringify(id.slice(0, 64))} is registered.`,
  );
}

/** Who sends a request: the dashboard logs in with a cookie, programs send the token. */
export function askerOf({ headers }: Request): "api" | "dashboard" {
  return headers.has("authorization") ? "api" : "dashboard";
}
