// The lines of `iot-server check`: the state of a database, and what to do about problems. Never reads the database.

import type { StoreCheck } from "../../server/store-care.ts";

/** A disk is nearly full if its free space is below this and below the size of the database, in bytes. */
const roomMin = 256 << 20;

/**
 * Makes the lines of a check.
 * @param db the path of the database or its address, as it is shown
 */
export function checkLines(db: string, found: StoreCheck): string[] {
  const { schema, served, damage, leftovers, secondNames, elsewhere } = found;
  const sizes = `${size(found.bytes)}, ${size(found.freeBytes)} of it free to be used again; ${size(found.logBytes)} in its log; ${size(found.diskFreeBytes)} free on the disk`;
  const lines = [
    `${db}: schema ${schema}, ${served ? "served now" : "not served"}`,
    elsewhere === undefined ? sizes : size(found.bytes),
    `${counted(found.devices, "device")}, ${counted(found.sessions, "session")}, ${counted(found.reports, "report")}`,
    ...damage.map((sentence) => `damaged: ${sentence}`),
  ];
  if (elsewhere !== undefined) {
    lines.push(...(damage.length === 0 ? [elsewhere.verified] : []), elsewhere.also);
  } else if (damage.length === 0) lines.push("Every page is whole, and every report is found.");
  else {
    lines.push(
      `Stop the server, then: iot-server restore --db ${db} <backup>`,
      `Without a backup, try: sqlite3 ${db} .recover | sqlite3 recovered.db`,
    );
  }
  if (found.diskFreeBytes < Math.min(roomMin, found.bytes)) {
    lines.push(
      "The disk is nearly full: make room, or keep reports for a shorter time (--retain).",
    );
  }
  for (const { path, bytes } of leftovers) {
    lines.push(
      `${path} (${size(bytes)}) was left by a backup or a restore that was killed: delete it.`,
    );
  }
  for (const id of found.reservedIds) {
    lines.push(
      `A device is registered as ${id}, which no device may be called: register it under another id and remove it.`,
    );
  }
  for (const path of secondNames) {
    lines.push(
      `${path} is ${db} under a second name, left by a restore that was killed: delete it.`,
    );
  }
  return lines;
}

/** Formats a number of bytes for people, with decimal units: `812 bytes`, `3.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let scaled = bytes / 1_000;
  while (scaled >= 999.95 && units.length > 1) {
    scaled /= 1_000;
    units.shift();
  }
  return `${scaled.toFixed(1)} ${units[0]}`;
}

/** A number with its noun, such as «1 device»; null is a number that could not be read. */
export function counted(it: number | null, what: string): string {
  if (it === null) return `${what}s unreadable`;
  return `${it} ${what}${it === 1 ? "" : "s"}`;
}
