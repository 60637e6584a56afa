// Reads a report that waited, perhaps since an earlier start, as the message to send.

import { decode } from "../protocol/decode.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import type { Data } from "../protocol/messages.ts";
import { fitted } from "./message-room.ts";
import type { SpooledReport } from "./spool.ts";

/**
 * The DATA of a report: its own bytes, so that the server recognises a repeat. Only where it is too long for the channel,
 * because the device spoke plain text before its restart, is it cut.
 * @param textBytesMax the longest text message that the channel carries, in bytes
 * @returns null if the text is not a DATA
 */
export function reportOf(
  { text }: SpooledReport,
  textBytesMax: number,
): { readonly whole: string; readonly fitted: Data } | null {
  const decoded = decode(Buffer.from(text));
  if (!decoded.ok || decoded.message.type !== "DATA") return null;
  const { message } = decoded;
  const fits = utf8Bytes(text) <= textBytesMax;
  return { whole: message.message, fitted: fits ? message : fitted(message, textBytesMax) };
}
