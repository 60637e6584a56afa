// The one class for what an operator can mend: a taken port, a full disk, a wrong flag. What a peer sends is never one
// of these, and a broken invariant is an assert instead.

/** Exit codes of both binaries. */
export const exitCode = { done: 0, refused: 1, usage: 2, noAnswer: 3, keyChanged: 4 } as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** An error that a person can mend, with what to do about it. Caught once, in cmd. */
export class OperatingError extends Error {
  /**
   * @param code a short name for scripts and tests, such as `port-in-use`
   * @param message what is wrong, naming the thing that is
   * @param nextStep what to do about it
   * @param exit the exit code of the process
   */
  constructor(
    readonly code: string,
    message: string,
    readonly nextStep: string,
    readonly exit: ExitCode = exitCode.refused,
  ) {
    super(message);
    this.name = "OperatingError";
  }
}

/**
 * Ends the process where an invariant of the program does not hold.
 * @param condition what must be true here
 * @param invariant the invariant in words
 */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}
