// Encodes a message to its text, with the same table of fields as the decoder. Never checks a field.

import { bearsReason } from "./codes.ts";
import { utf8Bytes } from "./fields.ts";
import { reasonCharsMax } from "./limits.ts";
import { forms, type FieldName, type Message } from "./messages.ts";

/**
 * Encodes a message as the text of one datagram (clauses 1 and 2).
 * @param message the caller has checked its fields. A `message` that ends in LF gets one more LF (clause 1.6). Half of
 *   a surrogate pair counts as U+FFFD and is sent as that.
 * @returns may be longer than a datagram; the caller checks that
 */
export function encode(message: Message): string {
  const { fields, addressed = fields, optional } = forms[message.type];
  const isAddressed = "address" in message && message.address !== null;
  let text: string = message.type;
  for (const name of isAddressed ? addressed : fields) text += `\t${fieldOf(message, name)}`;
  if (optional !== undefined && bearsReason(fieldOf(message, "code"))) {
    const last = fieldOf(message, optional);
    if (last !== "") text += `\t${last}`;
  }
  return text.endsWith("\n") ? `${text}\n` : text;
}

/**
 * Encodes an ACK without the table: most replies of a server are ACKs.
 * @param code two digits
 * @param id the id of the request, or `-` if none could be read
 * @param time the server's time in the wire format
 * @param hash lower-case hex SHA-256 of the request's bytes as received
 * @param reason text for a person, cut to `reasonCharsMax` and left out unless the code is 9x; empty for none
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

/** Cuts a reason to `reasonCharsMax` characters, never inside a surrogate pair, which would be sent as U+FFFD. */
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
