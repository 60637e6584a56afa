// The channel of text datagrams: one message, one datagram, nothing around it. Plain text, to be read and forged by all
// on the way.

import { datagramBytesMax } from "../protocol/limits.ts";
import type { Address } from "../protocol/messages.ts";
import type { Carrier, Delivery } from "./channel.ts";

/** What sends datagrams. */
export type DatagramSender = {
  send(batch: readonly { readonly payload: string; readonly to: Address }[]): void;
};

/**
 * A channel straight onto a socket.
 * @param sender the socket
 * @param onDelivery told of every datagram that came in
 */
export function textChannel(
  sender: DatagramSender,
  onDelivery: (delivery: Delivery) => void,
): Carrier {
  return {
    kind: "text",
    textBytesMax: datagramBytesMax,
    send: (text, to) => sender.send([{ payload: text, to }]),
    receive: (bytes, from) => onDelivery({ bytes, from, answers: null }),
    wakeAt: null,
    trouble: null,
    call: null,
    tick: () => {},
    close: () => {},
  };
}
