// Words for a device's presence, and for times and durations. Never decides whether a device is online.

import { exactDuration } from "../../server/duration-text.ts";
import type { SessionRow } from "../../server/rows.ts";

/**
 * Describes a device's presence.
 * @param session the device's latest session, or null
 * @param served whether a server is running on the database; without one no device is online
 * @param now ms since 1970
 */
export function describePresence(
  session: Pick<SessionRow, "ended" | "lastSeen" | "reason"> | null,
  served: boolean,
  now: number,
): string {
  if (session === null) return "never logged in";
  const { ended, lastSeen, reason } = session;
  if (ended === null) {
    if (served) return "online";
    return `last seen ${stamp(lastSeen)} (${ago(now - lastSeen)} ago), server stopped`;
  }
  const since = reason === "offline" ? lastSeen : ended;
  return `offline since ${stamp(since)} (${ago(now - since)} ago, ${reasons[reason ?? ""] ?? "ended"})`;
}

/** Devices that state a longer interval may sleep in between, s: it is the default of `iot-client run`. */
const oftenSeconds = 60;

/** Describes a device's presence to who waits for it: if it may sleep, with when it was heard and how often it is. */
export function describeWaiting(
  session: Pick<SessionRow, "ended" | "lastSeen" | "reason" | "everySeconds"> | null,
  served: boolean,
  now: number,
): string {
  const words = describePresence(session, served, now);
  if (!served || session === null || session.ended !== null) return words;
  const { lastSeen, everySeconds } = session;
  if (everySeconds === null || everySeconds <= oftenSeconds) return words;
  return `${words}: last packet ${ago(now - lastSeen)} ago, one every ${exactDuration(everySeconds * 1000)}`;
}

const reasons: Readonly<Record<string, string>> = {
  logoff: "logged off",
  offline: "fell silent",
  replaced: "replaced",
  deregistered: "deregistered",
};

/** Formats a time, in ms since 1970, for people: `2026-11-22 09:14:06Z`. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** Formats a duration, in ms, roughly: `12 s`, `5 min`, `3 h`, `2 d`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
