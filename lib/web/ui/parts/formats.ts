// Formats numbers, sizes, times and presence as text. Pure functions; times are in the time zone of the browser.

import type { Address, EndReason, PresenceChange } from "../../api/shapes.ts";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const moment = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayOnly = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "numeric",
});
const weekday = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const dayOfYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** `12,345`. */
export function count(value: number): string {
  return whole.format(value);
}

/** A rate per second, with one decimal below ten. */
export function rate(value: number): string {
  return value < 10 && value % 1 !== 0 ? value.toFixed(1) : count(value);
}

/** A reading, rounded to its significant digits. */
export function measure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return count(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-3)) return value.toExponential(2);
  return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 6 : 4 });
}

/** A measure with its unit: `21.5 °C`. Only an angle stands without a space. */
export function withUnit(measured: string, unit: string | null): string {
  if (unit === null || measured === "–") return measured;
  return unit === "°" ? `${measured}°` : `${measured}\u00a0${unit}`;
}

/** `14.2 MB`. */
export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds as `0.21 ms`, `38 ms`, `1.2 s`. */
export function latency(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 10 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`;
}

/** A duration in its two largest units. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes < 10 ? two(minutes, "min", seconds % 60, "s") : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** A duration in its largest unit. */
export function roughly(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How long ago in one unit; the date after 30 days. */
export function ago(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1000);
  if (seconds < 2) return "now";
  if (seconds < 30 * 86_400) return `${roughly(seconds * 1000)} ago`;
  return dayOnly.format(at);
}

/** Date and time to the second. */
export function fullMoment(at: number): string {
  return moment.format(at);
}

/** The time of day. */
export function clockTime(at: number): string {
  return clock.format(at);
}

/** The day without its year, and the time of day. */
export function dayTime(at: number): string {
  return `${dayOfYear.format(at)}, ${clockTime(at)}`;
}

/** Whether two moments are on the same day. */
export function isSameDay(one: number, other: number): boolean {
  return dayOnly.format(one) === dayOnly.format(other);
}

/** The zone that times are in: `Europe/Berlin (UTC+01:00)`. */
export function zoneWords(at: number, zone = moment.resolvedOptions().timeZone): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  const name = parts.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const offset = name.replace("GMT", "UTC");
  return zone === "UTC" || offset === "" ? zone : `${zone} (${offset})`;
}

/** A day, to head the lines of a log. */
export function dayWords(at: number): string {
  return weekday.format(at);
}

/** `10.0.0.7:1994`; an IPv6 address in brackets. */
export function address({ ip, port }: Address): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

const ends: Readonly<Record<EndReason, string>> = {
  logoff: "Logged off",
  offline: "Went silent",
  replaced: "Replaced by a new login",
  deregistered: "Deregistered",
};

/** Why a session ended. */
export function endWords(reason: EndReason | null): string {
  return reason === null ? "Ended" : (ends[reason] ?? reason);
}

/** The status of a device in a few words. */
export function presenceWords({ presence, reason }: PresenceChange): string {
  if (presence === "online") return "Online";
  return presence === "never" ? "Never logged in" : endWords(reason);
}

/** The kind of its mark. A device that went silent needs attention, one that logged off does not. */
export function presenceKind({ presence, reason }: PresenceChange): string {
  return presence === "offline" && reason === "offline" ? "silent" : presence;
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}
