// How much of a message fits into one datagram, and the cut that keeps UTF-8 whole.

import { encode } from "../protocol/encode.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import type { Data, Status } from "../protocol/messages.ts";

/** The digits `length` may need beyond the one an empty message has: 4 in all. */
const lengthDigitsSpare = 3;

/**
 * How many bytes of message fit into one datagram beside the other fields.
 * @param message the message it will be; its own text does not count
 * @param textBytesMax what the channel carries
 * @returns 0 or more
 */
export function messageBytesMax(message: Data | Status, textBytesMax: number): number {
  const empty = utf8Bytes(encode({ ...message, message: "" }));
  return Math.max(0, textBytesMax - empty - lengthDigitsSpare);
}

/**
 * Cuts a text to a number of bytes, never inside a character.
 * @param bytesMax 0 or more
 */
export function cut(text: string, bytesMax: number): string {
  if (utf8Bytes(text) <= bytesMax) return text;
  const bytes = Buffer.from(text);
  let end = bytesMax;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

/**
 * A DATA or STATUS whose message is cut to what one datagram carries. A line feed at its end goes: a receiver would
 * take it for the datagram's own.
 * @param textBytesMax what the channel carries
 */
export function fitted<T extends Data | Status>(message: T, textBytesMax: number): T {
  const whole = message.message.replace(/(?:\r?\n)+$/, "");
  return { ...message, message: cut(whole, messageBytesMax(message, textBytesMax)) };
}
