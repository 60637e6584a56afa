// How the interface writes what several routes and events show.

import { timeText, timeTextOrNull } from "./parameters.ts";
import type { NumberedReport } from "./ports.ts";
import { Problem } from "./problem.ts";
import { presenceOf, type Roster, type RosterEntry } from "./roster.ts";

/** A report as the interface writes it. */
export function reportOf(report: NumberedReport) {
  const { sequence, device, time, received, code, message } = report;
  return { sequence, device, time, received: timeText(received), code, message };
}

/** What a list of changes says of a device. */
export function presenceFields(roster: Roster, entry: RosterEntry) {
  const presence = presenceOf(entry);
  return {
    presence,
    since: presence === "never" ? null : timeText(entry.ended ?? entry.started),
    reason: entry.reason,
    lastSeen: timeTextOrNull(roster.lastSeen(entry)),
  };
}

/** The answer where there is no device of this id. */
export function unknown(id: string): Problem {
  return new Problem(
    "unknown-device",
    `No device ${JSON.stringify(id.slice(0, 64))} is registered.`,
  );
}
