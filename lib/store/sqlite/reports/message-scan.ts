// Owns reading the messages of one device's reports in a range, oldest first. SQLite joins many messages into one row:
// a million of them cost a third of a million rows. Finds the reports through the chunk index. Never writes.

import type { Database, Statement } from "bun:sqlite";
import { IndexedPlaces } from "./indexed-places.ts";
import { chunkOf, chunkSize, type ReportChunks } from "./report-chunks.ts";
import { measuredAt } from "./report-columns.ts";
import { denseShare, firstAtOrAbove } from "./report-scan.ts";
import { firstsFrom } from "../../time-search.ts";
import type { Messages, MessageScan } from "../../../server/store-reads.ts";
import { prepare } from "../file/statements.ts";

const end = "\x1f";
const none: Messages = { base: 0, places: new Uint16Array(0), bytes: new Uint8Array(0) };

type Values = (string | number | null | Uint8Array)[];
type Timed = { readonly sequence: number; readonly at: number };
type Joined = { readonly rows: number; readonly bytes: Uint8Array | null };

/** The statements of a message scan. */
export class MessageStatements {
  readonly #one: Statement<{ message: string }, Values>;
  readonly #at: Statement<Timed, Values>;
  readonly #ownAt: Statement<Timed, Values>;
  readonly #places: IndexedPlaces;
  readonly #all: Statement<Joined, Values>;
  readonly #own: Statement<Joined, Values>;

  constructor(database: Database) {
    this.#one = prepare(database, "SELECT message FROM data WHERE sequence = ?");
    this.#places = new IndexedPlaces(database);
    const time = `SELECT sequence, ${measuredAt} AS at FROM data WHERE sequence`;
    this.#at = prepare(database, `${time} = ?`);
    this.#ownAt = prepare(database, `${time} >= ? AND sequence <= ? AND device = ?`);
    // The separator is a literal, because an expression would be evaluated for each row. SQLite reads a range of
    // primary keys in ascending order, so the messages are in the order of the places.
    const join = `SELECT count(*) AS rows, CAST(group_concat(message, '${end}') || '${end}' AS BLOB) AS bytes
                  FROM data WHERE sequence >= ? AND sequence <= ?`;
    this.#all = prepare(database, join);
    this.#own = prepare(database, `${join} AND device = ?`);
  }

  /** A device's places in a chunk of the index on the disk, ascending. */
  placesIn(chunk: number, device: string): Uint16Array {
    return this.#places.in(chunk, device) ?? none.places;
  }

  /** The messages of some reports; an empty one in place of each that retention removed. */
  read(device: string, base: number, places: Uint16Array): Messages {
    if (places.length === 0) return none;
    const low = base + (places[0] as number);
    const high = base + (places[places.length - 1] as number);
    const span = high - low + 1;
    if (places.length * denseShare < span) return this.#readSingly(base, places);
    const isAlone = span === places.length;
    const row = isAlone ? this.#all.get(low, high) : this.#own.get(low, high, device);
    // A row was removed: the joined messages would be taken for those of other places.
    if (row?.rows !== places.length) return this.#readSingly(base, places);
    return { base, places, bytes: row.bytes ?? none.bytes };
  }

  /** When some reports of a device were measured, ms since 1970; NaN for each that retention removed. */
  timesAt(device: string, base: number, places: Uint16Array): Float64Array {
    const times = new Float64Array(places.length).fill(Number.NaN);
    if (places.length === 0) return times;
    const low = base + (places[0] as number);
    const high = base + (places[places.length - 1] as number);
    if (places.length * denseShare < high - low + 1) {
      for (const [i, place] of places.entries()) times[i] = this.#timeAt(base + place);
      return times;
    }
    let i = 0;
    for (const { sequence, at } of this.#ownAt.all(low, high, device)) {
      while (base + (places[i] as number) < sequence) i++;
      times[i] = at;
    }
    return times;
  }

  /** Where times begin among reports whose times ascend; null if one was removed. */
  firstsFrom(base: number, places: Uint16Array, times: Float64Array): number[] | null {
    const timeAt = (index: number) => this.#timeAt(base + (places[index] as number));
    return firstsFrom(timeAt, places.length, times);
  }

  /** When a report was measured, ms since 1970; NaN if it was removed. */
  #timeAt(sequence: number): number {
    return this.#at.get(sequence)?.at ?? Number.NaN;
  }

  #readSingly(base: number, places: Uint16Array): Messages {
    let text = "";
    for (const place of places) text += (this.#one.get(base + place)?.message ?? "") + end;
    return { base, places, bytes: Buffer.from(text) };
  }
}

/** A scan of one device's reports with numbers from `low` to below `high`. */
export class SqliteMessageScan implements MessageScan {
  done: boolean;
  #chunk: number;
  #places: Uint16Array | null = null;
  #next = 0;

  /** @param first returns the number of the oldest report that is kept; called at each step */
  constructor(
    private readonly statements: MessageStatements,
    private readonly chunks: ReportChunks,
    private readonly device: string,
    private readonly low: number,
    private readonly high: number,
    private readonly first: () => number,
  ) {
    this.done = low >= high;
    this.#chunk = chunkOf(low);
  }

  /** At most `limit` of the next messages, possibly none; `done` tells whether there can be more. */
  next(limit: number): Messages {
    if (this.done || limit <= 0) return none;
    const base = this.#chunk * chunkSize;
    const places = (this.#places ??= this.#enter());
    // Retention may have removed the oldest reports since the last step.
    const low = Math.max(this.low, this.first());
    const from = Math.max(this.#next, firstAtOrAbove(places, low - base));
    const all = firstAtOrAbove(places, this.high - base);
    this.#next = Math.min(from + limit, all);
    const taken = places.subarray(from, this.#next);
    if (this.#next >= all) this.#turn();
    return this.statements.read(this.device, base, taken);
  }

  #enter(): Uint16Array {
    const held = this.chunks.placesIn(this.#chunk, this.device);
    if (held !== null) return new Uint16Array(held);
    return this.statements.placesIn(this.#chunk, this.device);
  }

  #turn(): void {
    this.#places = null;
    this.#next = 0;
    this.#chunk++;
    this.done = this.#chunk * chunkSize >= this.high;
  }
}
