// Owns which of several PostgreSQL servers leads: one of them may be promoted in place of another. Connects to none.

/** Where a PostgreSQL server is. */
export type Host = {
  /** A host name, an IP, or the folder of a socket. */
  readonly hostname: string;
  readonly port: number;
};

export class Hosts {
  #at = 0;

  /** @param all at least one */
  constructor(readonly all: readonly Host[]) {}

  /** The one that led last. */
  get current(): Host {
    return this.all[this.#at] as Host;
  }

  /** All of them, the current one first. */
  inTurn(): readonly Host[] {
    return [...this.all.slice(this.#at), ...this.all.slice(0, this.#at)];
  }

  /** This one leads. */
  lead(host: Host): void {
    this.#at = Math.max(0, this.all.indexOf(host));
  }

  /** The current one is away, or only follows another: the next one is tried. */
  next(): void {
    this.#at = (this.#at + 1) % this.all.length;
  }
}
