// The numbers of this client's frames: 32 random bits of this boot, then a counter. A request keeps its number for all
// retries and handshakes; what the channel sends on its own account counts in the upper half.

/** Requests count below this, the channel's own frames from here on. */
const ownFrom = 2 ** 31;

/** The msgids of one boot. */
export class Msgids {
  readonly #boot: bigint;
  #own = 0;

  /** @param random 4 bytes that nobody can foretell */
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

  /** A msgid for a frame that answers nothing and is no request of the engine. */
  next(): bigint {
    return this.#boot | BigInt(ownFrom + (this.#own++ % ownFrom));
  }

  /** The number of the request that an answer with this msgid is for, or null. */
  requestOf(msgid: bigint): number | null {
    if (msgid >> 32n !== this.#boot >> 32n) return null;
    const counter = Number(msgid & 0xffff_ffffn);
    return counter < ownFrom ? counter : null;
  }
}
