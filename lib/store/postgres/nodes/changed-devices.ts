// Reads the rows of devices that other nodes have changed, and of all sessions in memory when something may have been missed:
// in pages, one query at a time. Never says that anything has changed.

import type { PlacedRow } from "../../../server/nodes.ts";
import type { ChannelPace } from "./channel-pace.ts";

/** How many ids one query has. */
const idsAtOnce = 1_000;
/** How many of them are changes, while a comparison is under way: neither makes the other wait for ever. */
const changesAtOnce = 750;
/** How many changes may wait. With one more all sessions are compared in their place. */
const changesMax = 100_000;

/** What reads, and what gets what was read. */
export type ChangeReader = {
  /** The rows of those devices that are registered, in any order. */
  readonly rowsOf: (ids: readonly string[]) => Promise<readonly PlacedRow[]>;
  /** The ids of all sessions in memory. */
  readonly sessionIds: () => Iterable<string>;
  /** Devices as they are in the store; null for each that is not registered. */
  readonly onChanged: (devices: ReadonlyMap<string, PlacedRow | null>) => void;
};

export class ChangedDevices {
  readonly #changes = new Set<string>();
  /** What a comparison has still to read. */
  readonly #compared = new Set<string>();
  /** Whether another comparison follows this one: it was asked for meanwhile. */
  #isAgain = false;
  /** What is being read. */
  #page: ReadonlySet<string> | null = null;
  /** Those who wait for the end of a comparison, which then goes as fast as it can. */
  #waiting: (() => void)[] = [];
  /** Those of the page that this node itself has changed since. */
  readonly #stale = new Set<string>();
  #isStopped = false;
  /** When the next query may go, by the monotonic clock, ms. */
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly reader: ChangeReader,
    private readonly pace: Pick<ChannelPace, "readMs">,
  ) {}

  /** Another node has changed these. */
  changed(ids: Iterable<string>): void {
    for (const id of ids) this.#changes.add(id);
    if (this.#changes.size > changesMax) {
      this.#changes.clear();
      this.compareAll();
    }
    this.#schedule();
  }

  /** Changes may have been missed: reads the rows of all sessions in memory. */
  compareAll(): void {
    // A comparison that began over with each lost connection might never come to its end.
    if (this.#compared.size > 0) this.#isAgain = true;
    else this.#beginComparison();
    this.#schedule();
  }

  /** The same at once, as fast as the store can. Ends when all are read; those of which that fails are read again. */
  settle(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#beginComparison();
    if (this.#compared.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next = 0;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#schedule();
    });
  }

  /** This node has changed these: what is being read of them may be older. */
  ownChange(ids: Iterable<string>): void {
    if (this.#page === null) return;
    for (const id of ids) if (this.#page.has(id)) this.#stale.add(id);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#settled();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#page !== null || this.#isStopped) return;
    if (this.#changes.size + this.#compared.size === 0) return;
    const inMs = Math.max(0, this.#next - performance.now());
    this.#timer = setTimeout(() => void this.#read(), inMs);
  }

  async #read(): Promise<void> {
    this.#timer = undefined;
    const changes = take(this.#changes, this.#compared.size === 0 ? idsAtOnce : changesAtOnce);
    const compared = take(this.#compared, idsAtOnce - changes.length);
    const page = [...changes, ...compared];
    this.#page = new Set(page);
    this.#stale.clear();
    const began = performance.now();
    const rows = await this.reader.rowsOf(page).catch(() => null);
    this.#page = null;
    if (this.#isStopped) return;
    const isFast = this.#waiting.length > 0 && rows !== null;
    this.#next = isFast ? 0 : began + this.pace.readMs;
    if (rows === null) {
      for (const id of changes) this.#changes.add(id);
      for (const id of compared) this.#compared.add(id);
    } else {
      this.#pass(page, rows);
      if (this.#compared.size === 0) this.#settled();
    }
    if (this.#isAgain && this.#compared.size === 0) this.#beginComparison();
    this.#schedule();
  }

  #beginComparison(): void {
    this.#isAgain = false;
    for (const id of this.reader.sessionIds()) this.#compared.add(id);
  }

  #settled(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #pass(page: readonly string[], rows: readonly PlacedRow[]): void {
    const devices = new Map<string, PlacedRow | null>();
    for (const id of page) {
      if (this.#stale.has(id)) this.#changes.add(id);
      else devices.set(id, null);
    }
    for (const row of rows) if (devices.has(row.id)) devices.set(row.id, row);
    if (devices.size > 0) this.reader.onChanged(devices);
  }
}

/** Takes the first `count` ids. */
function take(from: Set<string>, count: number): string[] {
  const taken: string[] = [];
  for (const id of from) {
    if (taken.length >= count) break;
    taken.push(id);
  }
  for (const id of taken) from.delete(id);
  return taken;
}
