// The seam between the engines and the network: how a device's text messages become datagrams. Plain text here; another
// transport brings its own. The network below carries bytes and knows none of them.

import type { Carrier, Delivery } from "../../lib/client/channel.ts";
import { type DatagramSender, textChannel } from "../../lib/client/text-channel.ts";
import type { Address } from "../../lib/protocol/messages.ts";

/** What a device's end needs. */
export type DevicePorts = {
  send(bytes: Uint8Array, to: Address): void;
  deliver(delivery: Delivery): void;
  now(): number;
  random(): number;
};

export type Transport = {
  connect(ports: DevicePorts): Carrier;
  /** The text message in a datagram, or null where only its receiver can read it. */
  read(bytes: Uint8Array): string | null;
  /** Whether any bit may be flipped on the way, because the receiver notices or no harm is done. */
  mayFlip(bytes: Uint8Array, towardsServer: boolean): boolean;
};

/** One message, one datagram, nothing around it. */
export const textTransport: Transport = {
  connect: ({ send, deliver }) => {
    const sender: DatagramSender = {
      send: (batch) => {
        for (const { payload, to } of batch) send(Buffer.from(payload), to);
      },
    };
    return textChannel(sender, deliver);
  },
  read: (bytes) => Buffer.from(bytes).toString("utf8"),
  // A REGISTER with another password, or an ACK with another code, is believed: text cannot tell. Noticed damage only.
  mayFlip: (bytes, towardsServer) =>
    towardsServer && !Buffer.from(bytes).toString("latin1", 0, 10).includes("REGISTER"),
};
