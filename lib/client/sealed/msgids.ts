// The msgids of this client's frames: 32 random bits of this boot, then a 32-bit counter. A request keeps its msgid
// over retries and handshakes. Frames of the channel use the upper half of the counter, so the two never collide.

/** The counter is below this for requests, and from here on for the channel's own frames. */
const ownFrom = 2 ** 31;

/** The msgids of one boot. */
export class Msgids {
  readonly #boot: bigint;
  #own = 0;

  /** @param random 4 unpredictable bytes */
  constructor(random: Uint8Array) {
    this.#boot = BigInt(new DataView(random.buffer, random.byteOffset).getUint32(0)) << 32n;
  }

  /**
   * The msgid of a request.
   * @param number the request's number, 1 to 2^31 - 1
   */
  ofRequest(number: number): bigint {
    return this.#boot | BigInt(number);
  }

  /** A new msgid for a frame that is neither an answer nor a request of the engine. */
  next(): bigint {
    return this.#boot | BigInt(ownFrom + (this.#own++ % ownFrom));
  }

  /** The number of the request that has this msgid, or null if it is not one of this boot's requests. */
  requestOf(msgid: bigint): number | null {
    if (msgid >> 32n !== this.#boot >> 32n) return null;
    const counter = Number(msgid & 0xffff_ffffn);
    return counter < ownFrom ? counter : null;
  }
}
