// The port through which the engine says what happened. It knows no file and no format; lib/io writes the lines.

/** From the most to the least talkative. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof logLevels)[number];

/** Where an event travelled: from the peer, to the peer, or neither (a device went offline). */
export type LogDirection = "RECV" | "SEND" | "-";

/** Where events go. One call is one line, whatever is in the words. */
export interface Log {
  /**
   * One event, one line of Activity.log.
   * @param peer `ip:port`, or `-` where there is none
   * @param words what happened; may hold what a peer sent, but never a password
   */
  activity(level: LogLevel, peer: string, direction: LogDirection, words: string): void;
  /**
   * One line of error.log: a datagram that was malformed or refused, or an error of the server.
   * @param peer `ip:port`, or `-` where there is none
   */
  error(peer: string, words: string): void;
  /** Whether debug lines are wanted. Where they are not, the caller does not build them. */
  readonly debug: boolean;
}
