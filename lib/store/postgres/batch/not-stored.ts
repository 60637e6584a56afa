// How a transaction ends that is not known to be stored, besides the errors of PostgreSQL. Stores nothing.

import type { StepResult } from "../../../server/store-port.ts";
import type { Lost } from "../connection/lost.ts";

/** The connection was lost while the commit was under way. */
export class CommitLost extends Error {
  /**
   * @param transaction the number by which PostgreSQL tells what became of it
   * @param timeline that of the connection: a server that takes over may give the same number again
   * @param results what the batch gives if it was committed
   */
  constructor(
    readonly transaction: string,
    readonly timeline: string,
    readonly results: readonly StepResult[],
    cause: Lost,
  ) {
    super(cause.message, { cause });
  }
}

/** The node of this process gave no sign of life for too long, or another process has taken its name: nothing was stored. */
export class Fenced extends Error {}
