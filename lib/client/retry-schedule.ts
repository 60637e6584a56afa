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
};

/**
 * Makes the schedule of one request: each wait is twice the one before. The random factor of 1 to 1.5 spreads out a fleet
 * that starts at the same moment. A shorter first wait has more sendings, and is not given up much earlier.
 * @param random a number from 0 to 1
 * @param measuredMs the first wait, ms, as round trips to the server were measured
 */
export function retrySchedule(random: number, measuredMs = firstWaitMs): RetrySchedule {
  const wait = Math.min(measuredMs, firstWaitMs);
  const base = wait * (1 + random * (randomFactorMax - 1));
  const sendings = 1 + retriesMax + Math.floor(Math.log2(firstWaitMs / wait));
  return { sendings, waitMs: (sending) => base * 2 ** (sending - 1) };
}
