// What has become of a command, in words. Pure functions.

import type { CommandJson } from "../../api/command-shapes.ts";
import type { DeviceJson } from "../../api/shapes.ts";
import { clockTime, dayTime, isSameDay, roughly } from "../parts/formats.ts";

/** For how long a command is kept, to be chosen from. */
export const ttls = [
  { ttl: "1h", words: "1 hour" },
  { ttl: "1d", words: "1 day" },
  { ttl: "7d", words: "1 week" },
] as const;

/** What is known of the device of a command. */
export type Waited = Pick<DeviceJson, "presence" | "lastSeen" | "everySeconds">;

/** The code of a result: the device has not understood the command. */
const notUnderstood = "16";

/** Whether a command is open. */
export function isOpen({ ended }: Pick<CommandJson, "ended">): boolean {
  return ended === null;
}

/** Whether what was read of a command is older than what is known of it: answers and events overtake each other. */
export function isOlder(read: CommandJson, known: CommandJson): boolean {
  if (known.late !== read.late) return known.late;
  if (isOpen(known) !== isOpen(read)) return isOpen(read);
  if (known.delivered !== null && read.delivered === null) return isOpen(read);
  return read.sendings < known.sendings;
}

/**
 * What has become of it.
 * @param device null while it is not known
 * @param isBehind whether an older command of the device is open: they are carried out one after the other
 * @param now of the server, ms
 */
export function commandWords(
  command: CommandJson,
  device: Waited | null,
  isBehind: boolean,
  now: number,
): string {
  const { state, code, result, late, delivered } = command;
  if (late) return `answered too late: ${answerWords(code, result)}`;
  switch (state) {
    case "queued":
      return isBehind ? "waiting for the command before it" : waitingWords(device, now);
    case "sent":
      return `sent, ${waitingWords(device, now)}`;
    case "delivered":
      return `delivered ${delivered === null ? "" : momentWords(Date.parse(delivered), now)}, not answered yet`;
    case "done":
      return result === null || result === "" ? "done" : `done: ${result}`;
    case "failed":
      return `failed: ${answerWords(code, result)}`;
    case "expired":
      return "expired";
    case "cancelled":
      return result === "another-device"
        ? "cancelled: another device has taken over the id"
        : "cancelled";
  }
}

function answerWords(code: string | null, result: string | null): string {
  if (result !== null && result !== "") return result;
  return code === notUnderstood ? "the device does not understand it" : `code ${code ?? "?"}`;
}

function waitingWords(device: Waited | null, now: number): string {
  if (device !== null && device.presence !== "online") return "waiting for the device to log in";
  const words = "waiting for the device to wake";
  const { lastSeen = null, everySeconds = null } = device ?? {};
  if (lastSeen === null || everySeconds === null) return words;
  const left = Date.parse(lastSeen) + everySeconds * 1_000 - now;
  // No seconds: who listens to the page would hear each.
  const when =
    left < 1_000 ? "now" : left < 60_000 ? "within a minute" : `in about ${roughly(left)}`;
  return `${words}, next expected ${when}`;
}

function momentWords(at: number, now: number): string {
  return isSameDay(at, now) ? clockTime(at) : dayTime(at);
}
