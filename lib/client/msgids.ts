// The msgids of this client's messages: 32 random bits of this boot, then a 32-bit counter. A request keeps its msgid over
// retries, handshakes and, if it is spooled, restarts. The frames of a sealed channel that are not requests of the engine
// use the upper half of the counter, so the two never collide.

const half = 2 ** 31;

/** The first count of the engine's requests, and of the channel's own frames. */
export const firstOf = { requests: 1, channel: half } as const;

/** The msgids of one boot. */
export class Msgids {
  readonly #boot: bigint;
  #count = 0;

  /**
   * @param boot 32 random bits
   * @param first see `firstOf`
   */
  constructor(
    boot: number,
    readonly first: number,
  ) {
    this.#boot = BigInt(boot >>> 0) << 32n;
  }

  /** A new msgid. */
  next(): bigint {
    return this.#boot | BigInt(this.first + (this.#count++ % (half - 1)));
  }
}
