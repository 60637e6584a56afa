// The port through which the engine logs events. Knows no file and no line format; lib/io writes the lines.

/** From the most to the least verbose. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof logLevels)[number];

/** The direction of an event: from the peer, to the peer, or neither (a device went offline). */
export type LogDirection = "RECV" | "SEND" | "-";

/** A log. One call is one line, whatever characters `words` has. */
export interface Log {
  /**
   * One event, one line of Activity.log.
   * @param peer `ip:port`, or `-` where there is none
   * @param words what happened; may contain text that a peer sent, but never a password
   */
  activity(level: LogLevel, peer: string, direction: LogDirection, words: string): void;
  /**
   * One line of error.log: a datagram that was malformed or refused, or an error of the server.
   * @param peer `ip:port`, or `-` where there is none
   */
  error(peer: string, words: string): void;
  /** Whether debug lines are written. If not, the caller does not build them. */
  readonly debug: boolean;
}
