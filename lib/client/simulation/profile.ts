// What a simulated device is and measures: its identity by its number, its habits and its curves by number and seed. Keeps no
// state, and never reads a clock.

import { heartbeatSecondsMax, heartbeatSecondsMin } from "../../protocol/limits.ts";
import type { StatedIdentity } from "../agent-event.ts";
import { seededNumber } from "./seeded-random.ts";

/**
 * How a device behaves: `steady` reports on time and always hears; `sleeper` reports a fifth as often, and hears only for a
 * second after an answer; `unsteady` falls silent now and then, as if its power or its network failed, and comes back.
 */
export type Habit = "steady" | "sleeper" | "unsteady";

/** All that is fixed of a device. */
export type Profile = {
  /** From 1 on. */
  readonly number: number;
  readonly seed: number;
  readonly identity: Omit<StatedIdentity, "password">;
  readonly habit: Habit;
  /** From one report to the next, ms. */
  readonly everyMs: number;
  /** The interval of heartbeats that it states, s. */
  readonly heartbeatSeconds: number;
};

/** The most devices: ids have five digits. */
export const devicesMax = 99_999;

/** Of 100 devices, in the order of the draw. */
const sleepers = 10;
const unsteady = 5;
const sleeperFactor = 5;
/** Every so many reports an unsteady device falls silent, for so many intervals at least: longer than its session lasts. */
const reportsBetweenSilences = 12;
const silentIntervals = 6;
const dayMs = 86_400_000;

/** Which number of a device a drawn number is for. */
const draw = { habit: -1, phase: -2, level: -3, swing: -4 } as const;

/**
 * The profile of a device.
 * @param number 1 to `devicesMax`
 * @param seed a whole number
 * @param everyMs from one report of a steady device to the next
 */
export function profileOf(number: number, seed: number, everyMs: number): Profile {
  const drawn = seededNumber(seed, number, draw.habit) * 100;
  const habit = drawn < sleepers ? "sleeper" : drawn < sleepers + unsteady ? "unsteady" : "steady";
  const ownEveryMs = habit === "sleeper" ? everyMs * sleeperFactor : everyMs;
  // A report shows life as well as a heartbeat does, so these are rarer.
  const heartbeatSeconds = Math.ceil((2 * ownEveryMs) / 1000);
  return {
    number,
    seed,
    identity: identityOf(number),
    habit,
    everyMs: ownEveryMs,
    heartbeatSeconds: Math.min(
      Math.max(heartbeatSeconds, heartbeatSecondsMin),
      heartbeatSecondsMax,
    ),
  };
}

/**
 * What a device states of itself. Its IP is one of those for benchmarks (RFC 2544), which nobody has: so each device has one of
 * its own also on a server without --shared-ip, and as it is not the source of its packets, the server asks it where these
 * come from (protocol §4.9).
 */
function identityOf(number: number): Profile["identity"] {
  const [high, middle, low] = [number >> 16, (number >> 8) & 255, number & 255];
  const hex = [high, middle, low].map((byte) => byte.toString(16).padStart(2, "0"));
  return {
    id: `sim-${String(number).padStart(5, "0")}`,
    mac: ["02:73:69", ...hex].join(":"),
    ip: `198.${18 + high}.${middle}.${low}`,
    port: 1994,
  };
}

/** When in its interval a device reports first, ms from 0 to below `everyMs`: they are spread evenly. */
export function phaseOf({ seed, number, everyMs }: Profile): number {
  return seededNumber(seed, number, draw.phase) * everyMs;
}

/**
 * What a device measures: a day's course around a level of its own, and a little noise.
 * @param count how many reports it made before
 * @param timeMs the time of day, ms since 1970
 */
export function readingOf({ seed, number }: Profile, count: number, timeMs: number): string {
  const level = 20 + 4 * (seededNumber(seed, number, draw.level) - 0.5);
  const swing = 1 + 3 * seededNumber(seed, number, draw.swing);
  // Warmest at 15:00 UTC.
  const course = Math.sin(2 * Math.PI * ((timeMs % dayMs) / dayMs - 0.375));
  const noise = seededNumber(seed, number, count) - 0.5;
  const temperature = level + swing * course + 0.4 * noise;
  const humidity = Math.min(95, Math.max(5, 45 - 4 * swing * course + 4 * noise));
  return `temp=${temperature.toFixed(1)}°C hum=${humidity.toFixed(0)}%`;
}

/**
 * How long a device falls silent after a report, ms; 0 if it does not.
 * @param count how many reports it made
 */
export function silenceAfter({ seed, number, habit, everyMs }: Profile, count: number): number {
  const turn = (count + number) % reportsBetweenSilences;
  if (habit !== "unsteady" || count === 0 || turn !== 0) return 0;
  return everyMs * silentIntervals * (1 + seededNumber(seed, number, count));
}
