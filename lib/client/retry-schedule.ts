// When a request without an answer is sent again (protocol §6.1, RFC 7252 section 4.2). Never draws a random number
// itself: it is an argument.

/** Specification constants: RFC 7252 section 4.8, ACK_TIMEOUT, ACK_RANDOM_FACTOR, MAX_RETRANSMIT. */
export const firstWaitMs = 2_000;
export const randomFactorMax = 1.5;
export const retriesMax = 4;

/** Whether a request has waited so long that a person is told: networks lose datagrams, and most repeats help at once. */
export function isOverdue(waitedMs: number): boolean {
  return waitedMs >= firstWaitMs;
}

/** How long one request waits for an answer after each sending. */
export type RetrySchedule = {
  /** How many sendings it has, the first one included. */
  readonly sendings: number;
  /**
   * The wait after a sending.
   * @param sending number of the sending, from 1 to `sendings`
   * @returns milliseconds
   */
  waitMs(sending: number): number;
  /**
   * How long after the first sending the receiver counts as silent, if another one can be asked instead, in ms: the second
   * repeat of a schedule without measurement has waited as long as the first sending then.
   */
  readonly silentMs: number;
  /** The same with each wait doubled from the first one on: for a server that asks for relief. */
  doubling(): RetrySchedule;
};

/**
 * Makes the schedule of one request: each wait is twice the one before. The random factor of 1 to 1.5 spreads out a fleet
 * that starts at the same moment. A shorter first wait is doubled only when `firstWaitMs`, times the factor, has passed: up
 * to then a few lost datagrams in a row are likelier than a server that is away. It has more sendings, and is given up
 * no earlier.
 * @param random a number from 0 to 1
 * @param measuredMs the first wait, ms, as round trips to the server were measured
 */
export function retrySchedule(random: number, measuredMs = firstWaitMs): RetrySchedule {
  const wait = Math.min(measuredMs, firstWaitMs);
  const base = wait * (1 + random * (randomFactorMax - 1));
  return scheduleOf(base, Math.floor(firstWaitMs / wait), firstWaitMs / wait);
}

/** @param even how many waits are equal @param ratio of `firstWaitMs` to the first wait, without the factor */
function scheduleOf(base: number, even: number, ratio: number): RetrySchedule {
  // In units of the first wait. In all they are as long as without measurement: the last one is what is left of that.
  const waits: number[] = [];
  let left = (2 ** (retriesMax + 1) - 1) * ratio;
  while (left > 0) {
    const wait = 2 ** Math.max(0, waits.length + 1 - even);
    waits.push(left < 2 * wait ? left : wait);
    left -= waits.at(-1) as number;
  }
  return {
    sendings: waits.length,
    waitMs: (sending) => base * (waits[sending - 1] as number),
    silentMs: 4 * ratio * base,
    doubling: () => scheduleOf(base, 1, ratio),
  };
}
