// A link between two devices, on either side: carries frames directly or relayed by the server. Never handles vouchers.

import type { Address } from "../../protocol/messages.ts";
import { decodeFrames, encodeFrames, framesIn } from "../../sealed/bundle.ts";
import type { Frame } from "../../sealed/frames.ts";
import {
  dataHeaderBytes,
  frameBodyBytesMax,
  frameHeaderBytes,
  idBytesMax,
  paddingBlockBytes,
  tagBytes,
} from "../../sealed/limits.ts";
import type { Transport } from "../../sealed/transport.ts";
import type { Way } from "../channel.ts";

/** How packets reach the other device. */
export type PeerRoute =
  | { readonly kind: "direct"; readonly to: Address }
  | { readonly kind: "relayed"; readonly id: string };

/** Sends a packet to another device. */
export type Transmit = (packet: Uint8Array, route: PeerRoute) => void;

export class PeerLink {
  constructor(
    readonly transport: Transport,
    /** A direct route follows the other device's address (sealed, Roaming). */
    public route: PeerRoute,
    private readonly transmit: Transmit,
    private readonly now: () => number,
  ) {}

  /** Longest text message that one packet carries on this route, in bytes. */
  get textBytesMax(): number {
    if (this.route.kind === "direct") return frameBodyBytesMax;
    // A relayed packet is part of the body of a RELAY frame, after its length byte and the id: the other device's on the
    // way up, this one's on the way down.
    const packet = frameBodyBytesMax - 1 - idBytesMax;
    const plaintext = packet - dataHeaderBytes - tagBytes;
    return plaintext - (plaintext % paddingBlockBytes) - frameHeaderBytes;
  }

  send(frame: Frame): void {
    const packet = this.transport.seal(encodeFrames([frame]), this.now());
    if (packet.ok) this.transmit(packet.value, this.route);
  }

  /** Opens a DATA packet of this link; returns its frames, none if it does not verify. */
  open(bytes: Uint8Array, route: PeerRoute): Frame[] {
    const opened = this.transport.open(bytes, this.now());
    if (!opened.ok) return [];
    if (opened.value.newest && this.route.kind === route.kind) this.route = route;
    return framesIn(decodeFrames(opened.value.plaintext));
  }

  /** The way to answer the frame with this msgid. */
  wayTo(msgid: bigint): Way {
    const { textBytesMax } = this;
    const send = (text: string) => {
      const body = Buffer.from(text);
      if (body.length > textBytesMax) return;
      this.send({ kind: "text", answer: true, msgid, body });
    };
    return { textBytesMax, send };
  }
}
