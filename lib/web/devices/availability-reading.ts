// Owns the reading of sessions for the availability of devices: the latest ones of each, as many as reach back far enough, within a
// bound. Decides nothing.

import { type Availability, availabilityOf, type Frame } from "../../fleet/availability.ts";
import { Slice } from "../../fleet/slice.ts";
import type { SessionRow } from "../../server/rows.ts";
import type { DeviceReads } from "../../server/store-reads.ts";
import type { AvailabilityJson } from "../api/shapes.ts";
import { timeText } from "../parameters.ts";

const hourMs = 3_600_000;
/** How many devices one read looks for, and how many sessions of each: first a few, which most devices have not more of in a day. */
const devicesPerRead = 50;
const fewSessions = 6;
/** The most sessions that a list reads of a device, and that its own page does. */
const listedMax = 60;
const ownMax = 3_000;

type Known = { readonly id: string; readonly registered: number };

/** The last 24 hours in half hours. */
function dayUntil(now: number): Frame {
  return { from: now - 24 * hourMs, to: now, parts: 48 };
}

/** The last 24 hours of some devices of a list, by id. */
export async function daysOf(
  reads: Pick<DeviceReads, "sessionsOf">,
  devices: readonly Known[],
  now: number,
): Promise<ReadonlyMap<string, AvailabilityJson>> {
  const frame = dayUntil(now);
  const found = new Map<string, AvailabilityJson>();
  const slice = new Slice();
  for (let begin = 0; begin < devices.length; begin += devicesPerRead) {
    const some = devices.slice(begin, begin + devicesPerRead);
    const few = await sessionsOf(reads, some, fewSessions);
    const more = some.filter(({ id }) => !reachesBack(few.get(id) ?? [], fewSessions, frame.from));
    const many = await sessionsOf(reads, more, listedMax);
    for (const one of some) {
      const rows = many.get(one.id) ?? few.get(one.id) ?? [];
      const isAll = reachesBack(rows, many.has(one.id) ? listedMax : fewSessions, frame.from);
      found.set(one.id, jsonOf(frame, one, rows, isAll));
    }
    await slice.breathe();
  }
  return found;
}

/** The last 24 hours and the last 30 days of a device. */
export async function availabilityOfDevice(
  reads: Pick<DeviceReads, "sessionsOf">,
  device: Known,
  now: number,
): Promise<{ readonly day: AvailabilityJson; readonly month: AvailabilityJson }> {
  const [rows = []] = await reads.sessionsOf([device.id], ownMax);
  const [day, month] = [dayUntil(now), { from: now - 720 * hourMs, to: now, parts: 60 }].map(
    (frame) => jsonOf(frame, device, rows, reachesBack(rows, ownMax, frame.from)),
  ) as [AvailabilityJson, AvailabilityJson];
  return { day, month };
}

async function sessionsOf(
  reads: Pick<DeviceReads, "sessionsOf">,
  devices: readonly Known[],
  limit: number,
): Promise<Map<string, readonly SessionRow[]>> {
  if (devices.length === 0) return new Map();
  const ids = devices.map(({ id }) => id);
  const rows = await reads.sessionsOf(ids, limit);
  return new Map(ids.map((id, i) => [id, rows[i] ?? []]));
}

/** Whether these are all sessions since a time: there are no others, or the oldest of them began before it. */
function reachesBack(rows: readonly SessionRow[], limit: number, from: number): boolean {
  const oldest = rows.at(-1);
  return rows.length < limit || oldest === undefined || oldest.started <= from;
}

function jsonOf(
  frame: Frame,
  { registered }: Known,
  rows: readonly SessionRow[],
  isAll: boolean,
): AvailabilityJson {
  const known = isAll ? registered : Math.max(registered, rows.at(-1)?.started ?? registered);
  const { share, parts } = availabilityOf(rows, frame, known);
  return {
    from: timeText(frame.from),
    to: timeText(frame.to),
    share: rounded(share),
    parts: parts.map(rounded),
  };
}

/** To four digits, but never to none or to all of the time. */
function rounded(share: Availability["share"]): number | null {
  if (share === null || share === 0 || share === 1) return share;
  return Math.min(0.9999, Math.max(0.0001, Number(share.toFixed(4))));
}
