// When a request without an answer is sent again (RFC 7252 section 4.2). Pure: the random number is an argument.

/** Specification constants: RFC 7252 section 4.8, ACK_TIMEOUT, ACK_RANDOM_FACTOR, MAX_RETRANSMIT. */
export const firstWaitMs = 2_000;
export const randomFactorMax = 1.5;
export const retriesMax = 4;

/** The waits of one request: after each sending, how long an answer may take. */
export type RetrySchedule = {
  /**
   * How long to wait after a sending.
   * @param sending 1 for the first, 1 + retriesMax for the last
   * @returns milliseconds
   */
  waitMs(sending: number): number;
};

/**
 * Makes the schedule of one request: 2 s × random 1 to 1.5, doubling; drawn once, so that a fleet spreads out.
 * @param random a number from 0 to 1
 */
export function retrySchedule(random: number): RetrySchedule {
  const base = firstWaitMs * (1 + random * (randomFactorMax - 1));
  return { waitMs: (sending) => base * 2 ** (sending - 1) };
}
