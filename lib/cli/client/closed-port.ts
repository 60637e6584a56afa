// Judges from the refusals that the system passes on (ICMP: port unreachable) whether nobody listens where this client
// sends. Knows no address: a socket's error has none. Anybody on the way can forge a refusal: it only ends a wait.

/** A server that is just starting refuses for less; a try follows the one before it after 2 s or more. */
const closedMs = 1_900;

export class ClosedPort {
  #sinceMs: number | null = null;
  #heard = false;

  /** Something was received: somebody is there, and a server that is restarted meanwhile is waited for. */
  heard(): void {
    this.#heard = true;
  }

  /**
   * A datagram was refused.
   * @param now monotonic time in ms
   * @returns whether the port was closed at two tries, 2 s apart, and nothing was ever heard from there
   */
  refused(now: number): boolean {
    this.#sinceMs ??= now;
    return !this.#heard && now - this.#sinceMs >= closedMs;
  }
}
