// Owns the readings that charts have in memory: those of one field of one device by chunk of sequence numbers, and their
// times where these do not ascend. Bounded. Reports never change, and of a chunk it gets only those before which no other
// comes any more, so a reading never becomes wrong. Reads nothing itself.

import { type Columns, firstAtOrAbove } from "./decimation.ts";

/** How many sequence numbers one chunk covers; a place in it is 16 bits. */
export const chunkNumbers = 65_536;
/** Size of the cache, in bytes. */
const keptBytesMax = 64 << 20;
const bytesPerReading = 10;
const bytesPerTime = 8;

/** The times of the first readings of a chunk, ms since 1970. Several requests may read them at the same time. */
export class ReadTimes {
  times = new Float64Array(0);
  /** How many were read. */
  length = 0;

  /** @param revision of the chunk when they were read, or before */
  constructor(readonly revision: number) {}

  /** Takes the times from an index on that was reached before. */
  take(begin: number, times: Float64Array): void {
    const end = begin + times.length;
    if (end > this.times.length) {
      const larger = new Float64Array(Math.min(Math.max(end, this.times.length * 2), chunkNumbers));
      larger.set(this.times);
      this.times = larger;
    }
    this.times.set(times, begin);
    this.length = Math.max(this.length, end);
  }
}

/** The readings of one field of one device in one chunk, appended as they are read. */
export class SeriesChunk implements Columns {
  places = new Uint16Array(16);
  values = new Float64Array(16);
  length = 0;
  /** How many bytes of it are included in the size of the cache. */
  counted = 0;
  /** The times of its readings, if they do not ascend. */
  times = new ReadTimes(Number.NaN);

  /** @param next the first sequence number that was not read yet */
  constructor(
    readonly first: number,
    public next = first,
  ) {}

  get bytes(): number {
    return this.places.length * bytesPerReading + this.times.times.length * bytesPerTime + 200;
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

  /** Its readings of reports with numbers below `end`, as they are now: it may grow meanwhile. */
  below(end: number): Columns {
    const { first, places, values } = this;
    const isWhole = end - first >= chunkNumbers;
    const length = isWhole ? this.length : firstAtOrAbove(places, this.length, end - first);
    return { first, places, values, length };
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

export class SeriesCache {
  /** Least recently used first. */
  readonly #chunks = new Map<string, SeriesChunk>();
  #bytes = 0;

  /** The chunk with this key, which becomes the most recently used; a new one if there is none. Requests share it. */
  get(key: string, first: number): SeriesChunk {
    const chunk = this.#chunks.get(key) ?? new SeriesChunk(first);
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk;
  }

  /** Updates the size after a chunk grew, and evicts the least recently used ones. */
  count(key: string, chunk: SeriesChunk): void {
    // It may have been evicted meanwhile.
    if (this.#chunks.get(key) !== chunk) return;
    this.#bytes += chunk.bytes - chunk.counted;
    chunk.counted = chunk.bytes;
    for (const [oldest, kept] of this.#chunks) {
      if (this.#bytes <= keptBytesMax || kept === chunk) return;
      this.#chunks.delete(oldest);
      this.#bytes -= kept.counted;
    }
  }
}
