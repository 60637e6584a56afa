// From a message to its text. The fields come from the same table that the decoder reads.

import { utf8Bytes } from "./fields.ts";
import { reasonCharsMax } from "./limits.ts";
import { forms, type FieldName, type Message } from "./messages.ts";

/**
 * Writes a message as the text of one datagram (clauses 1 and 2). The caller has checked its fields.
 * @param message any message; a `message` that ends in LF gets one more, which the receiver takes off again
 */
export function encode(message: Message): string {
  const form = forms[message.type];
  const addressed = "address" in message && message.address !== null;
  let text: string = message.type;
  for (const name of addressed ? (form.addressed ?? form.fields) : form.fields) {
    text += `\t${fieldOf(message, name)}`;
  }
  if (message.type === "ACK" && message.reason !== "") {
    text += `\t${message.reason.slice(0, reasonCharsMax)}`;
  }
  return text.endsWith("\n") ? `${text}\n` : text;
}

/**
 * Writes an ACK, the one message of the packet path, without going through the table.
 * @param code two digits
 * @param id the device the request was about, or `-` where none could be read
 * @param time the server's time as the wire writes it
 * @param hash lower-case hex SHA-256 of the request's bytes as received
 * @param reason for people, on 9x codes only; empty for none
 */
export function encodeAck(
  code: string,
  id: string,
  time: string,
  hash: string,
  reason = "",
): string {
  const text = `ACK\t${code}\t${id}\t${time}\t${hash}`;
  return reason === "" ? text : `${text}\t${reason.slice(0, reasonCharsMax)}`;
}

function fieldOf(message: Message, name: FieldName): string {
  if (name === "length") return String(utf8Bytes((message as { message: string }).message));
  const fields = message as unknown as Record<string, string | number>;
  if ("address" in message && message.address !== null && (name === "ip" || name === "port")) {
    return String(message.address[name]);
  }
  return String(fields[name]);
}
