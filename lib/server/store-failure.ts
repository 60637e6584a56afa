// How a batch failed, where a store knows more than that it did: a store behind a network can be away, or lose the answer to
// its commit.

/**
 * `failed`: nothing was stored. `unavailable`: nothing was sent, because the store is away. `unknown`: it may be stored or
 * not, and will stay so.
 */
export type Failing = "failed" | "unavailable" | "unknown";

/** The failure of a batch. Any other error of a store means `failed`. */
export class StoreFailure extends Error {
  /** @param message for the log */
  constructor(
    readonly how: Failing,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "StoreFailure";
  }
}

/** How a batch failed, by its error. */
export function failingOf(error: unknown): Failing {
  return error instanceof StoreFailure ? error.how : "failed";
}
