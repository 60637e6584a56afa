// A device's numbers over time, for a chart: read once, kept in columns by chunk of sequence numbers, decimated on
// request. What is kept is bounded; reports never change, so nothing kept is ever wrong.

import { type Columns, countIn, Decimation, type Points, pointsOfAll } from "./decimation.ts";
import { finderOf } from "./numbers-in-messages.ts";
import type { ReportSource } from "./ports.ts";
import { Slice } from "./slice.ts";

/** Sequence numbers whose readings are kept together. */
const chunkNumbers = 65_536;
/** Reports read in one step: one to two milliseconds. */
const rowsPerStep = 2_048;
/** What all columns may take, in bytes. */
const keptBytesMax = 64 << 20;
const bytesPerReading = 16;

/** Columns that grow at their end. */
class Chunk implements Columns {
  times = new Float64Array(16);
  values = new Float64Array(16);
  length = 0;
  /** Bytes that are in the sum of all. */
  counted = 0;
  /** The first number that was not looked at yet. */
  next: number;

  constructor(first: number) {
    this.next = first;
  }

  get bytes(): number {
    return this.times.length * bytesPerReading + 200;
  }

  push(time: number, value: number): void {
    if (this.length === this.times.length) {
      this.times = grown(this.times);
      this.values = grown(this.values);
    }
    this.times[this.length] = time;
    this.values[this.length] = value;
    this.length++;
  }
}

export type SeriesQuery = {
  readonly device: string;
  readonly field: string;
  /** ms since 1970, both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly points: number;
};

export class Series {
  /** In the order of use. */
  readonly #chunks = new Map<string, Chunk>();
  #bytes = 0;

  constructor(private readonly reports: ReportSource) {}

  /** The points of a chart, with the number of reports behind them. */
  async points(query: SeriesQuery): Promise<Points & { reports: number }> {
    const { device, field, from, to } = query;
    const low = Math.max(this.reports.first(), this.reports.sequenceAt(from));
    const high = Math.min(this.reports.end(), this.reports.sequenceAt(to + 1));
    const find = finderOf(field);
    const slice = new Slice();
    const decimation = new Decimation(from, to, query.points);
    // Held here too until they are known to be too many for points of their own.
    let few: Columns[] | null = [];
    let count = 0;
    for (let number = Math.floor(low / chunkNumbers); number * chunkNumbers < high; number++) {
      const chunk = await this.#chunk(device, field, number, high, find, slice);
      const own = countIn(chunk, from, to);
      count += own;
      if (count > query.points) few = null;
      if (own > 0) few?.push(chunk);
      decimation.add(chunk);
      await slice.breathe();
    }
    const points = few === null ? decimation.points() : pointsOfAll(few, from, to);
    return { reports: count, ...points };
  }

  /** The columns of a chunk, up to the report before `high` at least. */
  async #chunk(
    device: string,
    field: string,
    number: number,
    high: number,
    find: (message: string) => number,
    slice: Slice,
  ): Promise<Chunk> {
    const key = `${device}\n${number}\n${field}`;
    const first = number * chunkNumbers;
    const chunk = this.#chunks.get(key) ?? new Chunk(first);
    // The newest in use is last. Requests that overlap share the chunk.
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    const end = Math.min(first + chunkNumbers, Math.max(high, chunk.next));
    const scan = this.reports.readings(device, chunk.next, end);
    while (!scan.done) {
      for (const { sequence, received, message } of scan.next(rowsPerStep)) {
        // Another request may have read on meanwhile.
        if (sequence < chunk.next) continue;
        chunk.next = sequence + 1;
        const value = find(message);
        if (value === value) chunk.push(received, value);
      }
      await slice.breathe();
    }
    chunk.next = Math.max(chunk.next, end);
    if (this.#chunks.get(key) === chunk) this.#count(chunk);
    return chunk;
  }

  #count(chunk: Chunk): void {
    this.#bytes += chunk.bytes - chunk.counted;
    chunk.counted = chunk.bytes;
    for (const [oldest, kept] of this.#chunks) {
      if (this.#bytes <= keptBytesMax || kept === chunk) return;
      this.#chunks.delete(oldest);
      this.#bytes -= kept.counted;
    }
  }
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 4);
  larger.set(column);
  return larger;
}
