// A link: the keys one handshake gave, where its packets come from, and who speaks over it. A session is the device's
// and outlives links; a link is the device key's.

import { readUint32 } from "../../sealed/bytes.ts";
import type { Transport } from "../../sealed/transport.ts";
import type { Endpoint } from "../operation.ts";

export class Link {
  /** The device that logged in over it last, or null for a stranger. */
  device: string | null = null;
  /** Bits of the client's static key. */
  readonly keyBits: number;
  /** When it was made, or when it stopped being of use, ms of `Desk.uptimeMs`. */
  since: number;
  /** Our own msgids count up; the device's are its own. */
  #nextMsgid = 1n;

  /**
   * @param key the client's static key in base64: what its sessions belong to
   * @param handshakeCounter of the INIT it was made for
   * @param source where its last valid packet came from; moves with the device
   */
  constructor(
    readonly transport: Transport,
    readonly key: string,
    readonly handshakeCounter: number,
    public source: Endpoint,
    uptimeMs: number,
  ) {
    this.since = uptimeMs;
    this.keyBits = readUint32(this.clientKey, 0);
  }

  /** The client's static key, 32 bytes. */
  get clientKey(): Uint8Array {
    return Buffer.from(this.key, "base64");
  }

  get index(): number {
    return this.transport.localIndex;
  }

  /** A msgid for a frame that the server begins. */
  nextMsgid(): bigint {
    return this.#nextMsgid++;
  }
}
