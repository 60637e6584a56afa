// Why a device is not online, in a sentence. Renders nothing.

import type { DeviceJson } from "../../api/shapes.ts";
import { clockTime, dayTime, isSameDay } from "../parts/formats.ts";
import { serverNow } from "../moments.ts";

/** Why a device is not online; empty where the status says it all. */
export function whyGone({ presence, reason, since, lastSeen }: DeviceJson): string {
  if (presence !== "offline" || since === null) return "";
  if (reason === "offline" && lastSeen !== null) {
    return `Its last packet came ${momentWords(lastSeen)}; the session was ended ${momentWords(since)}.`;
  }
  return reason === "logoff" ? `It logged off by itself, ${momentWords(since)}.` : "";
}

function momentWords(time: string): string {
  const at = Date.parse(time);
  return isSameDay(at, serverNow()) ? `at ${clockTime(at)}` : `on ${dayTime(at)}`;
}
