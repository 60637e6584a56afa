// For how much of a time a device was logged in, from its sessions: in all, and in each part of it. Pure; reads no session.

import type { SessionRow } from "../server/rows.ts";

/** What is needed of a session. */
export type Spell = Pick<SessionRow, "started" | "lastSeen" | "ended" | "reason">;

/** A time, ms since 1970, and into how many equal parts it is divided. */
export type Frame = { readonly from: number; readonly to: number; readonly parts: number };

/** Shares from 0 to 1; null for a time that nothing is known of. */
export type Availability = {
  readonly share: number | null;
  readonly parts: readonly (number | null)[];
};

/**
 * The shares of a time in which a device was logged in. One that fell silent was there until its last packet.
 * @param sessions in any order; they may overlap, where the clock was set
 * @param known from when on it is known whether there was a session, ms since 1970
 */
export function availabilityOf(
  sessions: readonly Spell[],
  { from, to, parts: count }: Frame,
  known: number,
): Availability {
  const partMs = (to - from) / count;
  const begin = Math.max(from, known);
  const online = new Float64Array(count);
  for (const [start, end] of merged(sessions, begin, to)) {
    const last = Math.min(count - 1, Math.floor((end - from) / partMs));
    for (let i = Math.floor((start - from) / partMs); i <= last; i++) {
      const [partFrom, partTo] = [from + i * partMs, from + (i + 1) * partMs];
      online[i] = (online[i] as number) + Math.min(end, partTo) - Math.max(start, partFrom);
    }
  }
  const total = online.reduce((sum, ms) => sum + ms, 0);
  const parts = Array.from(online, (ms, i) => {
    const knownMs = from + (i + 1) * partMs - Math.max(begin, from + i * partMs);
    return knownMs > 0 ? Math.min(1, ms / knownMs) : null;
  });
  return { share: begin < to ? Math.min(1, total / (to - begin)) : null, parts };
}

/** When the device was there according to a session. */
function endOf({ lastSeen, ended, reason }: Spell, now: number): number {
  if (ended === null) return now;
  return reason === "offline" ? lastSeen : ended;
}

/** The times of the sessions between two times, ascending, none within another. */
function merged(sessions: readonly Spell[], from: number, to: number): [number, number][] {
  const spells = sessions
    .map((one): [number, number] => [Math.max(from, one.started), Math.min(to, endOf(one, to))])
    .filter(([start, end]) => end > start)
    .sort(([a], [b]) => a - b);
  const found: [number, number][] = [];
  for (const [start, end] of spells) {
    const before = found.at(-1);
    if (before !== undefined && start <= before[1]) before[1] = Math.max(before[1], end);
    else found.push([start, end]);
  }
  return found;
}
