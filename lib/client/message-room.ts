// How many bytes of a message fit into one datagram, and cutting a message to them. Never splits a UTF-8 character.

import { encode } from "../protocol/encode.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import type { Data, Status } from "../protocol/messages.ts";

/** Digits that `length` may need beyond the one digit of an empty message: at most 4 in all. */
const lengthDigitsSpare = 3;

/**
 * How many bytes of `message` fit into one datagram together with the other fields.
 * @param message gives the other fields; its own `message` is ignored
 * @param textBytesMax the longest text message that the channel carries, in bytes
 * @returns 0 or more
 */
export function messageBytesMax(message: Data | Status, textBytesMax: number): number {
  const empty = utf8Bytes(encode({ ...message, message: "" }));
  return Math.max(0, textBytesMax - empty - lengthDigitsSpare);
}

/**
 * Cuts a text to a number of UTF-8 bytes, never inside a character.
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
 * A DATA or STATUS whose message is cut to fit into one datagram. Line ends at the end of the message are removed,
 * because a receiver would take the last one for the datagram's own (protocol §1.6).
 * @param textBytesMax the longest text message that the channel carries, in bytes
 */
export function fitted<T extends Data | Status>(message: T, textBytesMax: number): T {
  const whole = withoutLineEnd(message.message);
  return { ...message, message: cut(whole, messageBytesMax(message, textBytesMax)) };
}

/** A text without the line ends at its end. */
export function withoutLineEnd(text: string): string {
  return text.replace(/(?:\r?\n)+$/, "");
}
