// Owns scans of the reports in a range of numbers and times, of one device or of all, in either order, a few at a time. A
// device's reports are found through the chunk index; where they are dense, a whole range is read with one query. Never
// writes.

import type { Database, Statement } from "bun:sqlite";
import type { ChunkRanges, ReportBounds } from "./chunk-ranges.ts";
import { IndexedPlaces } from "./indexed-places.ts";
import { chunkOf, chunkSize, type ReportChunks } from "./report-chunks.ts";
import { measuredAt } from "./report-columns.ts";
import { prepare } from "../file/statements.ts";

export type ScanOrder = "newest" | "oldest";

type Values = (string | number | null | Uint8Array)[];
/** Places in a chunk, ascending. */
type Places = readonly number[] | Uint16Array;
type Timed = { readonly sequence: number; readonly at: number };

/** How many chunks of the index one step searches at most: well under 1 ms. */
const chunksPerStep = 64;
/** How many numbers, or reports of the device, one step reads: their times may all be outside the range. */
const numbersPerStep = 8_192;
/** A range is read with one query if at least 1 in `denseShare` of its numbers is the device's. */
export const denseShare = 8;

/** The prepared statements of a scan that returns certain columns. */
export class ScanStatements<Row extends Timed> {
  readonly one: Statement<Row, Values>;
  readonly places: IndexedPlaces;
  readonly own: Readonly<Record<ScanOrder, Statement<Row, Values>>>;
  readonly all: Readonly<Record<ScanOrder, Statement<Row, Values>>>;

  /** @param columns of `data`, comma-separated, including `sequence` and `at` */
  constructor(database: Database, columns: string) {
    const select = (rest: string) =>
      prepare<Row>(database, `SELECT ${columns} FROM data WHERE ${rest}`);
    this.one = select("sequence = ?");
    this.places = new IndexedPlaces(database);
    const inTime = `${measuredAt} BETWEEN ? AND ?`;
    const own = `sequence >= ? AND sequence <= ? AND device = ? AND ${inTime} ORDER BY sequence`;
    this.own = { oldest: select(own), newest: select(`${own} DESC`) };
    const all = `sequence >= ? AND sequence < ? AND ${inTime} ORDER BY sequence`;
    this.all = { oldest: select(`${all} LIMIT ?`), newest: select(`${all} DESC LIMIT ?`) };
  }
}

/** The chunks of a range, one after the other. */
class ChunkWalk {
  constructor(
    private readonly ranges: ChunkRanges,
    private readonly range: ReportBounds,
    private readonly order: ScanOrder,
  ) {}

  first(): number | null {
    const { low, high } = this.range;
    if (low >= high) return null;
    return this.#from(this.order === "oldest" ? chunkOf(low) : chunkOf(high - 1));
  }

  after(chunk: number): number | null {
    return this.#from(this.order === "oldest" ? chunk + 1 : chunk - 1);
  }

  #from(chunk: number): number | null {
    const { low, high, from, to } = this.range;
    const isUp = this.order === "oldest";
    const next = isUp ? this.ranges.nextUp(chunk, from, to) : this.ranges.nextDown(chunk, from, to);
    const isIn = next !== null && (isUp ? next * chunkSize < high : (next + 1) * chunkSize > low);
    return isIn ? next : null;
  }
}

/** A scan of all devices' reports of a range. */
export class WholeScan<Row extends Timed> {
  readonly #walk: ChunkWalk;
  #chunk: number | null;
  /** The numbers of the current chunk that are still to be read: from `#low` to below `#high`. */
  #low = 0;
  #high = 0;

  constructor(
    private readonly statements: ScanStatements<Row>,
    ranges: ChunkRanges,
    private readonly range: ReportBounds,
    private readonly order: ScanOrder,
  ) {
    this.#walk = new ChunkWalk(ranges, range, order);
    this.#chunk = this.#enter(this.#walk.first());
  }

  get done(): boolean {
    return this.#chunk === null;
  }

  /** At most `limit` of the next reports, possibly none; `done` tells whether there can be more. */
  next(limit: number): Row[] {
    if (this.#chunk === null || limit <= 0) return [];
    const { from, to } = this.range;
    const isUp = this.order === "oldest";
    // Only so many numbers in one step: none of them may be of the range.
    const low = isUp ? this.#low : Math.max(this.#low, this.#high - numbersPerStep);
    const high = isUp ? Math.min(this.#high, this.#low + numbersPerStep) : this.#high;
    const rows = this.statements.all[this.order].all(low, high, from, to, limit);
    const last = rows.length < limit ? null : (rows[rows.length - 1] as Row).sequence;
    if (isUp) this.#low = last === null ? high : last + 1;
    else this.#high = last ?? low;
    if (this.#low >= this.#high) this.#chunk = this.#enter(this.#walk.after(this.#chunk));
    return rows;
  }

  #enter(chunk: number | null): number | null {
    if (chunk === null) return null;
    this.#low = Math.max(this.range.low, chunk * chunkSize);
    this.#high = Math.min(this.range.high, (chunk + 1) * chunkSize);
    return chunk;
  }
}

/** A scan of one device's reports of a range. */
export class DeviceScan<Row extends Timed> {
  readonly #walk: ChunkWalk;
  /** The current chunk; the device's places in it, ascending; those in the range; how many of these were read. */
  #chunk: number | null;
  #places: Places | null = null;
  #from = 0;
  #count = 0;
  #taken = 0;

  constructor(
    private readonly statements: ScanStatements<Row>,
    ranges: ChunkRanges,
    private readonly chunks: ReportChunks,
    private readonly device: string,
    private readonly range: ReportBounds,
    private readonly order: ScanOrder,
  ) {
    this.#walk = new ChunkWalk(ranges, range, order);
    this.#chunk = this.#walk.first();
  }

  get done(): boolean {
    return this.#chunk === null;
  }

  /** At most `limit` of the next reports, possibly none; `done` tells whether there can be more. */
  next(limit: number): Row[] {
    const rows: Row[] = [];
    let read = 0;
    for (let steps = 0; steps < chunksPerStep && rows.length < limit; steps++) {
      if (this.#chunk === null || read >= numbersPerStep) break;
      const places = (this.#places ??= this.#enter(this.#chunk));
      const wanted = Math.min(limit - rows.length, this.#count - this.#taken);
      const isUp = this.order === "oldest";
      const first = isUp
        ? this.#from + this.#taken
        : this.#from + this.#count - this.#taken - wanted;
      if (wanted > 0) this.#read(this.#chunk, places, first, first + wanted - 1, rows);
      this.#taken += wanted;
      read += wanted;
      if (this.#taken >= this.#count) this.#turn(this.#chunk);
    }
    return rows;
  }

  /** Moves to the next chunk in the order of the scan. */
  #turn(chunk: number): void {
    this.#places = null;
    this.#taken = 0;
    this.#chunk = this.#walk.after(chunk);
  }

  /** Loads the device's places in the current chunk, and finds which of them are in the range. */
  #enter(chunk: number): Places {
    const base = chunk * chunkSize;
    const held = this.chunks.placesIn(chunk, this.device);
    const places = held ?? this.statements.places.in(chunk, this.device) ?? [];
    this.#from = firstAtOrAbove(places, this.range.low - base);
    this.#count = firstAtOrAbove(places, this.range.high - base) - this.#from;
    return places;
  }

  /** Appends the rows at the places with indexes `first` to `last` to `rows`, in the order of the scan. */
  #read(chunk: number, places: Places, first: number, last: number, rows: Row[]): void {
    const base = chunk * chunkSize;
    const { from, to } = this.range;
    const low = base + (places[first] as number);
    const high = base + (places[last] as number);
    if ((last - first + 1) * denseShare >= high - low) {
      const found = this.statements.own[this.order].all(low, high, this.device, from, to);
      for (const row of found) rows.push(row);
      return;
    }
    for (let i = 0; i <= last - first; i++) {
      const place = places[this.order === "oldest" ? first + i : last - i] as number;
      // Null if retention removed it.
      const row = this.statements.one.get(base + place);
      if (row !== null && row.at >= from && row.at <= to) rows.push(row);
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
