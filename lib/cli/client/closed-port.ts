// Judges from the refusals that the system passes on (ICMP: port unreachable) whether nobody listens where this client
// sends. Knows no address: a socket's error has none.

/** A server that is just starting again refuses for less; a try follows the one before it after 2 s or more. */
const closedMs = 1_900;

export class ClosedPort {
  #sinceMs: number | null = null;

  /** Something was received: somebody is there. */
  heard(): void {
    this.#sinceMs = null;
  }

  /**
   * A datagram was refused.
   * @param now monotonic time in ms
   * @returns whether the port has been closed for two tries that were 2 s apart, with nothing heard in between
   */
  refused(now: number): boolean {
    this.#sinceMs ??= now;
    return now - this.#sinceMs >= closedMs;
  }
}
