// A link between two devices, on either side: frames over the direct way or through the server. Knows no voucher.

import type { Address } from "../../protocol/messages.ts";
import { decodeFrame, encodeFrame, type Frame } from "../../sealed/frames.ts";
import {
  dataHeaderBytes,
  frameBlockBytes,
  frameBodyBytesMax,
  frameHeaderBytes,
  tagBytes,
} from "../../sealed/limits.ts";
import type { Transport } from "../../sealed/transport.ts";
import type { Way } from "../channel.ts";

/** How packets reach the other device. */
export type Route =
  | { readonly kind: "direct"; readonly to: Address }
  | { readonly kind: "relayed"; readonly id: string };

/** Sends a packet to another device. */
export type Transmit = (packet: Uint8Array, route: Route) => void;

export class PeerLink {
  constructor(
    readonly transport: Transport,
    /** Moves with the other device, as long as it is direct (sealed, Roaming). */
    public route: Route,
    private readonly transmit: Transmit,
    private readonly now: () => number,
  ) {}

  /** Longest text message that one packet carries this way, in bytes. */
  get textBytesMax(): number {
    if (this.route.kind === "direct") return frameBodyBytesMax;
    // A relayed packet is the body of another frame, after the id with its length byte.
    const packet = frameBodyBytesMax - 1 - this.route.id.length;
    const frame = packet - dataHeaderBytes - tagBytes;
    return frame - (frame % frameBlockBytes) - frameHeaderBytes;
  }

  send(frame: Frame): void {
    const packet = this.transport.seal(encodeFrame(frame), this.now());
    if (packet.ok) this.transmit(packet.value, this.route);
  }

  /** The frame in a DATA packet of this link, or null. */
  open(bytes: Uint8Array, route: Route): Frame | null {
    const opened = this.transport.open(bytes, this.now());
    if (!opened.ok) return null;
    if (opened.value.newest && this.route.kind === route.kind) this.route = route;
    const frame = decodeFrame(opened.value.frame);
    return frame.ok ? frame.value : null;
  }

  /** The way an answer to a frame goes. */
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
