// A link: the keys of one handshake, the address of its peer, and the device that logged in over it. A session belongs
// to a device and outlives its links; a link belongs to a client key.

import { amplificationMax } from "../../protocol/limits.ts";
import { datagramBytesMax } from "../../sealed/limits.ts";
import { readUint32 } from "../../sealed/bytes.ts";
import type { Transport } from "../../sealed/transport.ts";
import type { Address } from "../../protocol/messages.ts";

/** Packets whose answers are still due, such as those of a few password checks. */
const allowanceMax = 16 * amplificationMax * datagramBytesMax;

export class Link {
  #device: string | null = null;
  #source: Address;
  #isTrusted = false;
  /**
   * The IP of the INIT. Whoever sends valid DATA has received the RESP there, so it is proven; another that the source moved
   * to is not, since a sender can forge it.
   */
  readonly #provenIp: string;
  /** How many bytes may still be sent to a source that is not trusted, for what came from it. */
  #allowance = 0;
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
    source: Address,
    uptimeMs: number,
  ) {
    this.since = uptimeMs;
    this.#source = source;
    this.#provenIp = source.ip;
    this.keyBits = readUint32(this.clientKey, 0);
  }

  /** The client's static key, 32 bytes. */
  get clientKey(): Uint8Array {
    return Buffer.from(this.key, "base64");
  }

  /** The device that logged in over it last; null if none did. */
  get device(): string | null {
    return this.#device;
  }

  set device(device: string | null) {
    this.#device = device;
    this.#judge();
  }

  get source(): Address {
    return this.#source;
  }

  set source(source: Address) {
    if (source === this.#source) return;
    this.#source = source;
    this.#judge();
  }

  /** Whether a device logged in over it and its source is proven: then no amplification limit applies. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  #judge(): void {
    this.#isTrusted = this.#device !== null && this.#source.ip === this.#provenIp;
  }

  /** Notes a packet, which allows answers of three times its length (protocol §4.10). */
  heard(bytes: number): void {
    if (this.#isTrusted) return;
    this.#allowance = Math.min(allowanceMax, this.#allowance + amplificationMax * bytes);
  }

  /** Takes so many bytes of what its packets allow. False, and nothing is taken, if there are not so many. */
  allow(bytes: number): boolean {
    if (bytes > this.#allowance) return false;
    this.#allowance -= bytes;
    return true;
  }

  get index(): number {
    return this.transport.localIndex;
  }

  /** The msgid for the next frame that the server sends without a request. */
  nextMsgid(): bigint {
    return this.#nextMsgid++;
  }
}
