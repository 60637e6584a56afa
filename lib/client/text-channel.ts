// The channel of plain datagrams: one text message is one datagram. Never encrypts or authenticates: everybody on the
// way can read and forge the messages.

import { datagramBytesMax } from "../protocol/limits.ts";
import type { Address } from "../protocol/messages.ts";
import type { Carrier, Delivery } from "./channel.ts";
import { RoundTrip } from "./round-trip.ts";

/** Sends datagrams. */
export type DatagramSender = {
  send(batch: readonly { readonly payload: string; readonly to: Address }[]): void;
};

/**
 * Makes a channel directly on a socket.
 * @param sender the socket
 * @param onDelivery called for every received datagram
 */
export function textChannel(
  sender: DatagramSender,
  onDelivery: (delivery: Delivery) => void,
): Carrier {
  const channel: Carrier = {
    kind: "text",
    textBytesMax: datagramBytesMax,
    countInPacket: () => 1,
    roundTrip: new RoundTrip(),
    send: (messages, to) => sender.send(messages.map(({ text }) => ({ payload: text, to }))),
    hurry: () => {},
    receive: (bytes, from) => onDelivery({ bytes, from, answers: null }),
    wakeAt: null,
    trouble: null,
    call: null,
    tick: () => {},
    moved: () => channel.roundTrip.forget(),
    close: () => {},
  };
  return channel;
}
