// What the three times of a report say of each other, in words: how long it waited, and how far its device's clock is off. Pure
// functions.

import { decodeTime } from "../../../protocol/time.ts";
import { span } from "../parts/formats.ts";

/** Every report is on its way for a moment, and many clocks show whole seconds: a shorter time is not worth a word, ms. */
const worthMs = 5_000;

/** How long a report had waited when it was received, ms since 1970 both; empty if that is not worth a word. */
export function waitedWords(received: number, at: number): string {
  const waited = received - at;
  return waited < worthMs ? "" : `measured ${span(waited)} before it arrived`;
}

/**
 * How far the device's own time is from when the report was measured; empty if it is right.
 * @param stated as the device sent it
 * @param at ms since 1970
 */
export function clockWords(stated: string, at: number): string {
  const own = decodeTime(stated);
  if (own === null) return "No time that the server understands";
  const ahead = own - at;
  if (Math.abs(ahead) < worthMs) return "";
  return `The device's clock is ${span(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} UTC`;
}
