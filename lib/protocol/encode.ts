// From a message to its text. The fields come from the same table that the decoder reads.

import { bearsReason } from "./codes.ts";
import { utf8Bytes } from "./fields.ts";
import { reasonCharsMax } from "./limits.ts";
import { forms, type FieldName, type Message } from "./messages.ts";

/**
 * Writes a message as the text of one datagram (clauses 1 and 2). The caller has checked its fields.
 * @param message any message; a `message` that ends in LF gets one more, which the receiver takes off again. A half
 *   of a surrogate pair is counted, and sent, as U+FFFD. What comes out may be longer than a datagram: the caller looks.
 */
export function encode(message: Message): string {
  const form = forms[message.type];
  const addressed = "address" in message && message.address !== null;
  let text: string = message.type;
  for (const name of addressed ? (form.addressed ?? form.fields) : form.fields) {
    text += `\t${fieldOf(message, name)}`;
  }
  if (message.type === "ACK" && message.reason !== "" && bearsReason(message.code)) {
    text += `\t${message.reason}`;
  }
  return text.endsWith("\n") ? `${text}\n` : text;
}

/**
 * Writes an ACK, the one message of the packet path, without going through the table.
 * @param code two digits
 * @param id the device the request was about, or `-` where none could be read
 * @param time the server's time as the wire writes it
 * @param hash lower-case hex SHA-256 of the request's bytes as received
 * @param reason for people, on 9x codes only and cut to the longest that is sent; empty for none
 */
export function encodeAck(
  code: string,
  id: string,
  time: string,
  hash: string,
  reason = "",
): string {
  const text = `ACK\t${code}\t${id}\t${time}\t${hash}`;
  if (reason === "" || !bearsReason(code)) return text;
  return `${text}\t${cutReason(reason)}`;
}

/** At most so many characters, none of them cut in half (a surrogate alone would reach the wire as U+FFFD). */
function cutReason(reason: string): string {
  if (reason.length <= reasonCharsMax) return reason;
  return Array.from(reason).slice(0, reasonCharsMax).join("");
}

function fieldOf(message: Message, name: FieldName): string {
  if (name === "length") return String(utf8Bytes((message as { message: string }).message));
  const fields = message as unknown as Record<string, string | number>;
  if ("address" in message && message.address !== null && (name === "ip" || name === "port")) {
    return String(message.address[name]);
  }
  return String(fields[name]);
}
