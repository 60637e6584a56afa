// The channel of text datagrams: one message, one datagram, nothing around it. Plain text, to be read and forged by all
// on the way.

import { datagramBytesMax } from "../protocol/limits.ts";
import type { Channel } from "./channel.ts";

/** What sends datagrams: payload, port, ip. */
export type DatagramSender = { send(batch: (string | Uint8Array | number)[]): void };

/**
 * A channel straight onto a socket.
 * @param sender the socket
 */
export function textChannel(sender: DatagramSender): Channel {
  return {
    textBytesMax: datagramBytesMax,
    send: (text, to) => sender.send([text, to.port, to.ip]),
  };
}
