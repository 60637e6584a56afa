// The one class of errors that an operator can fix: a port in use, a full disk, a wrong flag. Never used for input from
// a peer, which is refused with a reason, or for a broken invariant, which is a plain Error.

/** Exit codes of both binaries. */
export const exitCode = {
  done: 0,
  refused: 1,
  usage: 2,
  noAnswer: 3,
  keyChanged: 4,
  outputBroken: 5,
  /** As of a program that SIGPIPE has ended: nothing is wrong, its reader (`| head`) has seen enough. */
  readerGone: 141,
} as const;

/** The exit codes in the words of --help, one line of 80 columns. 141 needs none: scripts know it from other commands. */
export const exitCodesInWords =
  "Exit: 0 done, 1 refused, 2 usage, 3 no answer, 4 key changed, 5 output broken.";

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What an operator is told: what is wrong, and what to do about it. Each is a sentence. */
export type Notice = { readonly message: string; readonly nextStep: string };

/** An error that an operator can fix, with the next step. Caught once, in cmd. */
export class OperatingError extends Error implements Notice {
  /**
   * @param code a short name for scripts and tests, such as `port-in-use`
   * @param message what is wrong, with the name of the file, port or flag
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
