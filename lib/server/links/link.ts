// A link: the keys of one handshake, the address of its peer, and the device that logged in over it. A session belongs
// to a device and outlives its links; a link belongs to a client key.

import { readUint32 } from "../../sealed/bytes.ts";
import type { Transport } from "../../sealed/transport.ts";
import type { Address } from "../../protocol/messages.ts";

export class Link {
  /** The device that logged in over it last; null if none did. */
  device: string | null = null;
  /** Whether it is the current link of its key; the link table sets it. */
  isCurrent = false;
  /** The first 32 bits of the client's static key. */
  readonly keyBits: number;
  /** When it was created, or when it became a stranger again, in ms of `Desk.uptimeMs`. */
  since: number;
  /** Msgids of the server's own requests count up from 1, independent of the device's. */
  #nextMsgid = 1n;

  /**
   * @param key the client's static key in base64, the owner of its sessions
   * @param handshakeCounter the hs_counter of its INIT
   * @param source the address of the INIT; later that of the newest packet (sealed, Roaming)
   * @param uptimeMs `Desk.uptimeMs`
   */
  constructor(
    readonly transport: Transport,
    readonly key: string,
    readonly handshakeCounter: number,
    public source: Address,
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

  /** The msgid for the next frame that the server sends without a request. */
  nextMsgid(): bigint {
    return this.#nextMsgid++;
  }
}
