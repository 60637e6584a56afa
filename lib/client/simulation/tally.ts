// What a simulated fleet has sent and what became of it, counted between two looks. Never keeps more than a bounded number of
// waits.

/** What happened since the last look. */
export type Tally = {
  /** Requests sent for the first time. */
  readonly sent: number;
  /** Requests that the server accepted. */
  readonly acked: number;
  /** Sendings that were repeated, for lack of an answer in time. */
  readonly lost: number;
  /** Commands of the server that were carried out. */
  readonly commands: number;
  /** How long 99% of the accepted reports and heartbeats waited at most, ms from the first sending; null if there was none. */
  readonly p99Ms: number | null;
};

/** Implementation constant: waits between two looks; further ones are not in the p99. */
const waitsMax = 65_536;

export class Counts {
  sent = 0;
  acked = 0;
  lost = 0;
  commands = 0;
  /** The same since the start. */
  readonly all = { sent: 0, acked: 0, lost: 0, commands: 0 };
  #waits: number[] = [];

  /** Notes an accepted request. @param waitMs from its first sending on; null if it was to check a password */
  accept(waitMs: number | null): void {
    this.acked++;
    if (waitMs !== null && this.#waits.length < waitsMax) this.#waits.push(waitMs);
  }

  /** Returns the counts since the last call, and begins anew. */
  take(): Tally {
    const { sent, acked, lost, commands } = this;
    const waits = Float64Array.from(this.#waits).sort();
    this.#waits = [];
    this.sent = this.acked = this.lost = this.commands = 0;
    this.all.sent += sent;
    this.all.acked += acked;
    this.all.lost += lost;
    this.all.commands += commands;
    const p99Ms = waits[Math.ceil(waits.length * 0.99) - 1] ?? null;
    return { sent, acked, lost, commands, p99Ms };
  }
}
