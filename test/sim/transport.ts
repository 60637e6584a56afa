// The seam between engines and network: how a device's text messages become datagrams. Here they are plain text;
// another transport can replace it. The network below carries bytes and interprets none of them.

import type { Carrier, Delivery, Receipt } from "../../lib/client/channel.ts";
import { type DatagramSender, textChannel } from "../../lib/client/text-channel.ts";
import type { Address } from "../../lib/protocol/messages.ts";

/** What a device's end of the transport needs. */
export type DevicePorts = {
  readonly id: string;
  readonly server: Address;
  send(bytes: Uint8Array, to: Address): void;
  deliver(delivery: Delivery): void;
  confirm(receipt: Receipt): void;
  /** As `onResent` of the sealed channel. */
  resent(msgids: readonly bigint[]): void;
  /** As `onHeard` of the sealed channel. */
  heard?(): void;
  now(): number;
  random(): number;
};

export type Transport = {
  connect(ports: DevicePorts): Carrier;
  /** The text message in a datagram, or null if only its receiver can read it. */
  read(bytes: Uint8Array): string | null;
  /** Whether any bit may be flipped on the way: the receiver detects it, or it does no harm. */
  mayFlip(bytes: Uint8Array, towardsServer: boolean): boolean;
};

/** One message per datagram, without an envelope. */
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
  // Text carries no MAC: a flipped REGISTER (another password) or ACK (another code) would be believed. Those get
  // damage that the receiver detects.
  mayFlip: (bytes, towardsServer) =>
    towardsServer && !Buffer.from(bytes).toString("latin1", 0, 10).includes("REGISTER"),
};
