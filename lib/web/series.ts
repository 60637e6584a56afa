// Owns the data of charts: a device's numbers over time are read once, cached in columns by chunk of sequence numbers,
// and decimated on request. The cache is bounded. Reports never change, so a cached reading never becomes wrong. Never
// parses a message itself.

import type { Messages, ReportChunk, ReportReads } from "../server/store-reads.ts";
import { type Bucket, type Columns, Decimation, firstAtOrAbove, single } from "./decimation.ts";
import { columnReaderOf } from "./number-column.ts";
import { finderOf } from "./numbers-in-messages.ts";
import { Slice } from "./slice.ts";
import { addTo, indexesIn, type TimedColumns } from "./time-search.ts";

/** How many sequence numbers one cached chunk covers; a place in it is 16 bits. */
const chunkNumbers = 65_536;
/** Reports read in one step: the more, the less each costs. */
const reportsPerStep = { least: 128, first: 512, most: 4_096 } as const;
/** What a step may take, ms: the next one is made smaller, or larger. Large messages, and those to be parsed, take longer. */
const stepMs = { low: 0.5, high: 1.5 } as const;
/** Size of the cache, in bytes. */
const keptBytesMax = 64 << 20;
const bytesPerReading = 10;
const bytesPerTime = 8;

/** The readings of one field of one device in one chunk, appended as they are read. */
class Chunk implements Columns {
  places = new Uint16Array(16);
  values = new Float64Array(16);
  length = 0;
  /** How many bytes of it are included in the size of the cache. */
  counted = 0;
  /** The first sequence number that was not read yet. */
  next: number;
  /** The times of the readings, if they do not ascend: so many of them, as of the chunk's revision. */
  times = new Float64Array(0);
  timesRead = 0;
  revision = Number.NaN;

  constructor(readonly first: number) {
    this.next = first;
  }

  get bytes(): number {
    return this.places.length * bytesPerReading + this.times.length * bytesPerTime + 200;
  }

  /**
   * Appends readings. Skips those that it has already: another request may have read them meanwhile.
   * @param base the sequence number of each report is `base` plus its place
   * @param numbers the number in each message, NaN if there is none
   */
  take(base: number, found: Uint16Array, numbers: Float64Array): void {
    const skipped = firstAtOrAbove(found, found.length, this.next - base);
    const count = found.length - skipped;
    if (count === 0) return;
    this.#makeRoom(count);
    this.places.set(found.subarray(skipped), this.length);
    this.values.set(numbers.subarray(skipped, found.length), this.length);
    const shift = base - this.first;
    if (shift !== 0) {
      for (let i = 0; i < count; i++) this.places[this.length + i]! += shift;
    }
    this.length += count;
    this.next = base + (found[found.length - 1] as number) + 1;
  }

  #makeRoom(count: number): void {
    const needed = this.length + count;
    if (needed <= this.places.length) return;
    const size = Math.min(Math.max(needed, this.length * 4), chunkNumbers);
    const { places, values } = this;
    this.places = new Uint16Array(size);
    this.places.set(places);
    this.values = new Float64Array(size);
    this.values.set(values);
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

export type Points = {
  readonly times: number[];
  readonly min: number[];
  readonly max: number[];
  readonly mean: number[];
  readonly count: number[];
};

/** Writes the number of a field in each message to `values`, NaN if there is none. */
type Read = (messages: Messages, values: Float64Array) => void;

export class Series {
  /** The cache, least recently used first. */
  readonly #chunks = new Map<string, Chunk>();
  #bytes = 0;
  #reportsPerStep: number = reportsPerStep.first;

  constructor(private readonly reports: ReportReads) {}

  /**
   * The points of a chart, with the number of readings they come from, and the latest reading, null if there is none.
   */
  async points(query: SeriesQuery): Promise<Points & { reports: number; last: number | null }> {
    const slice = new Slice();
    const { reports } = this;
    const { device, field, from, to, points } = query;
    const read = this.#readerOf(field);
    const decimation = new Decimation(from, to, Math.min(points, to - from + 1));
    // If there are no more readings than points, each becomes a point of its own: they are kept until then.
    let few: [timed: TimedColumns, begin: number, end: number][] | null = [];
    for (const { number, isOrdered, revision } of reports.chunks(from, to)) {
      const chunk = await this.#chunk(query, number, read, slice);
      if (!isOrdered) await this.#readTimes(chunk, device, revision, slice);
      const timeAt = isOrdered
        ? (i: number) => reports.timeAt(chunk.first + (chunk.places[i] as number)) ?? Number.NaN
        : (i: number) => chunk.times[i] as number;
      // A copy of the length: another request may append to the chunk meanwhile.
      const { first, places, values } = chunk;
      const length = isOrdered ? chunk.length : chunk.timesRead;
      const timed = { columns: { first, places, values, length }, timeAt, isOrdered };
      const [begin, end] = indexesIn(timed, from, to);
      await addTo(decimation, timed, begin, end, slice);
      if (decimation.count > points) few = null;
      few?.push([timed, begin, end]);
      await slice.breathe();
    }
    const shown = pointsOf(few === null ? decimation.buckets : singles(few, from, to));
    const { count, last } = decimation;
    return { reports: count, last: count > 0 ? last : null, ...shown };
  }

  #readerOf(field: string): Read {
    const readColumn = columnReaderOf(field);
    const find = finderOf(field);
    return ({ base, places, bytes }, values) => {
      if (readColumn(bytes, values) === places.length) return;
      // The counts differ, so a message contains the separator itself: read the messages one by one.
      const reports = this.reports.reportsAt(Array.from(places, (place) => base + place));
      for (const [i, report] of reports.entries()) {
        values[i] = report === null ? Number.NaN : find(report.message);
      }
    };
  }

  /** A chunk from the cache, completed by reading its newest reports. */
  async #chunk(
    { device, field }: SeriesQuery,
    number: ReportChunk["number"],
    read: Read,
    slice: Slice,
  ): Promise<Chunk> {
    const key = `${device}\n${number}\n${field}`;
    const first = number * chunkNumbers;
    const chunk = this.#chunks.get(key) ?? new Chunk(first);
    // Moves the chunk to the end of the Map, as the most recently used. Concurrent requests share it.
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    const end = Math.min(first + chunkNumbers, Math.max(this.reports.end(), chunk.next));
    const scan = this.reports.messages(device, chunk.next, end);
    const values = new Float64Array(reportsPerStep.most);
    while (!scan.done) {
      const began = performance.now();
      const messages = scan.next(this.#reportsPerStep);
      read(messages, values);
      chunk.take(messages.base, messages.places, values);
      this.#adapt(performance.now() - began);
      await slice.breathe();
    }
    chunk.next = Math.max(chunk.next, end);
    if (this.#chunks.get(key) === chunk) this.#count(chunk);
    return chunk;
  }

  #adapt(tookMs: number): void {
    const { least, most } = reportsPerStep;
    if (tookMs > stepMs.high) this.#reportsPerStep = Math.max(least, this.#reportsPerStep >>> 1);
    else if (tookMs < stepMs.low) this.#reportsPerStep = Math.min(most, this.#reportsPerStep << 1);
  }

  /** Reads the times of all readings of a chunk, or of those that are new since the last time. */
  async #readTimes(chunk: Chunk, device: string, revision: number, slice: Slice): Promise<void> {
    if (chunk.revision !== revision) chunk.timesRead = 0;
    chunk.revision = revision;
    if (chunk.times.length < chunk.length) {
      const times = new Float64Array(chunk.places.length);
      times.set(chunk.times);
      chunk.times = times;
    }
    while (chunk.timesRead < chunk.length) {
      const begin = chunk.timesRead;
      const end = Math.min(begin + reportsPerStep.first, chunk.length);
      chunk.times.set(
        this.reports.timesAt(device, chunk.first, chunk.places.subarray(begin, end)),
        begin,
      );
      chunk.timesRead = end;
      await slice.breathe();
    }
    if (chunk.counted > 0) this.#count(chunk);
  }

  /** Updates the size of the cache after a chunk grew, and evicts the least recently used ones. */
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

/** The readings of a range as buckets of their own, in the order of their times. */
function singles(
  chunks: readonly (readonly [timed: TimedColumns, begin: number, end: number])[],
  from: number,
  to: number,
): Bucket[] {
  const buckets: Bucket[] = [];
  for (const [{ columns, timeAt }, begin, end] of chunks) {
    for (let i = begin; i < end; i++) {
      const value = columns.values[i] as number;
      if (value !== value) continue;
      const time = timeAt(i);
      if (time >= from && time <= to) buckets.push(single(time, value));
    }
  }
  return buckets.sort((one, other) => one.time - other.time);
}

/** The points for the buckets that are not empty, each at the time of its first reading. */
function pointsOf(buckets: readonly Bucket[]): Points {
  const points: Points = { times: [], min: [], max: [], mean: [], count: [] };
  for (const { time, min, max, sum, count } of buckets) {
    if (count === 0) continue;
    points.times.push(time);
    points.min.push(min);
    points.max.push(max);
    points.mean.push(sum / count);
    points.count.push(count);
  }
  return points;
}
