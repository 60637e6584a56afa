// When a request without an answer is sent again (protocol §6.1, RFC 7252 section 4.2). Never draws a random number
// itself: it is an argument.

/** Specification constants: RFC 7252 section 4.8, ACK_TIMEOUT, ACK_RANDOM_FACTOR, MAX_RETRANSMIT. */
export const firstWaitMs = 2_000;
export const randomFactorMax = 1.5;
export const retriesMax = 4;

/** How long one request waits for an answer after each sending. */
export type RetrySchedule = {
  /**
   * The wait after a sending.
   * @param sending number of the sending, from 1 to 1 + retriesMax
   * @returns milliseconds
   */
  waitMs(sending: number): number;
};

/**
 * Makes the schedule of one request: the first wait is 2 s × a factor of 1 to 1.5, each further wait is twice the one
 * before. The random factor spreads out a fleet that starts at the same moment.
 * @param random a number from 0 to 1
 */
export function retrySchedule(random: number): RetrySchedule {
  const base = firstWaitMs * (1 + random * (randomFactorMax - 1));
  return { waitMs: (sending) => base * 2 ** (sending - 1) };
}
