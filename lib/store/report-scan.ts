// Owns scans of the reports in a range of numbers, of one device or of all, in either order, a few at a time. A
// device's reports are found through the chunk index; where they are dense, a whole range is read with one query. Never
// writes.

import type { Database, Statement } from "bun:sqlite";
import { chunkOf, chunkSize, type ReportChunks } from "./report-chunks.ts";
import { prepare } from "./statements.ts";

export type ScanOrder = "newest" | "oldest";

type Values = (string | number | null | Uint8Array)[];
/** Places in a chunk, ascending. */
type Places = readonly number[] | Uint16Array;
type Numbered = { readonly sequence: number };

/** How many chunks of the index one step searches at most: well under 1 ms. */
const chunksPerStep = 64;
/** A range is read with one query if at least 1 in `denseShare` of its numbers is the device's. */
export const denseShare = 8;

/** The prepared statements of a scan that returns certain columns. */
export class ScanStatements<Row extends Numbered> {
  readonly one: Statement<Row, Values>;
  readonly places: Statement<{ places: Uint8Array }, Values>;
  readonly own: Readonly<Record<ScanOrder, Statement<Row, Values>>>;
  readonly all: Readonly<Record<ScanOrder, Statement<Row, Values>>>;

  /** @param columns of `data`, comma-separated, including `sequence` */
  constructor(database: Database, columns: string) {
    const select = (rest: string) =>
      prepare<Row>(database, `SELECT ${columns} FROM data WHERE ${rest}`);
    this.one = select("sequence = ?");
    this.places = prepare(
      database,
      "SELECT places FROM report_index WHERE chunk = ? AND device = ?",
    );
    const own = "sequence >= ? AND sequence <= ? AND device = ? ORDER BY sequence";
    this.own = { oldest: select(own), newest: select(`${own} DESC`) };
    const all = "sequence >= ? AND sequence < ? ORDER BY sequence";
    this.all = { oldest: select(`${all} LIMIT ?`), newest: select(`${all} DESC LIMIT ?`) };
  }
}

/** A scan of all devices' reports with numbers from `low` to below `high`. */
export class WholeScan<Row extends Numbered> {
  done: boolean;

  constructor(
    private readonly statements: ScanStatements<Row>,
    private low: number,
    private high: number,
    private readonly order: ScanOrder,
  ) {
    this.done = low >= high;
  }

  /** At most `limit` of the next reports; `done` tells whether there can be more. */
  next(limit: number): Row[] {
    if (this.done || limit <= 0) return [];
    const rows = this.statements.all[this.order].all(this.low, this.high, limit);
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) this.done = true;
    else if (this.order === "oldest") this.low = last.sequence + 1;
    else this.high = last.sequence;
    return rows;
  }
}

/** A scan of one device's reports with numbers from `low` to below `high`. */
export class DeviceScan<Row extends Numbered> {
  done: boolean;
  /** The current chunk; the device's places in it, ascending; those in the range; how many of these were returned. */
  #chunk: number;
  #places: Places | null = null;
  #from = 0;
  #count = 0;
  #taken = 0;

  constructor(
    private readonly statements: ScanStatements<Row>,
    private readonly chunks: ReportChunks,
    private readonly device: string,
    private readonly low: number,
    private readonly high: number,
    private readonly order: ScanOrder,
  ) {
    this.done = low >= high;
    this.#chunk = chunkOf(order === "oldest" ? low : high - 1);
  }

  /** At most `limit` of the next reports, possibly none; `done` tells whether there can be more. */
  next(limit: number): Row[] {
    const rows: Row[] = [];
    for (let steps = 0; steps < chunksPerStep && rows.length < limit && !this.done; steps++) {
      const places = (this.#places ??= this.#enter());
      const wanted = Math.min(limit - rows.length, this.#count - this.#taken);
      const isUp = this.order === "oldest";
      const first = isUp
        ? this.#from + this.#taken
        : this.#from + this.#count - this.#taken - wanted;
      if (wanted > 0) this.#read(places, first, first + wanted - 1, rows);
      this.#taken += wanted;
      if (this.#taken >= this.#count) this.#turn();
    }
    return rows;
  }

  /** Moves to the next chunk in the order of the scan. */
  #turn(): void {
    this.#places = null;
    this.#taken = 0;
    this.#chunk += this.order === "oldest" ? 1 : -1;
    const first = this.#chunk * chunkSize;
    this.done = this.order === "oldest" ? first >= this.high : first + chunkSize <= this.low;
  }

  /** Loads the device's places in the current chunk, and finds which of them are in the range. */
  #enter(): Places {
    const base = this.#chunk * chunkSize;
    let places: Places | null = this.chunks.placesIn(this.#chunk, this.device);
    if (places === null) {
      const row = this.statements.places.get(this.#chunk, this.device);
      places = row === null ? [] : new Uint16Array(row.places.slice().buffer);
    }
    this.#from = firstAtOrAbove(places, this.low - base);
    this.#count = firstAtOrAbove(places, this.high - base) - this.#from;
    return places;
  }

  /** Appends the rows at the places with indexes `first` to `last` to `rows`, in the order of the scan. */
  #read(places: Places, first: number, last: number, rows: Row[]): void {
    const base = this.#chunk * chunkSize;
    const low = base + (places[first] as number);
    const high = base + (places[last] as number);
    if ((last - first + 1) * denseShare >= high - low) {
      const found = this.statements.own[this.order].all(low, high, this.device);
      for (const row of found) rows.push(row);
      return;
    }
    for (let i = 0; i <= last - first; i++) {
      const place = places[this.order === "oldest" ? first + i : last - i] as number;
      // Null if retention removed it.
      const row = this.statements.one.get(base + place);
      if (row !== null) rows.push(row);
    }
  }
}

/** The index of the first place that is not lower than `place`; the number of places if there is none. */
export function firstAtOrAbove(places: Places, place: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as number) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
