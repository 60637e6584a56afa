// Owns the data of charts: a device's numbers over time are read once, kept in columns by chunk of sequence numbers, and
// decimated on request. Never parses a message itself.

import type { Messages, ReportChunk, ReportReads } from "../server/store-reads.ts";
import { type Bucket, type Columns, Decimation } from "./decimation.ts";
import { columnReaderOf } from "./number-column.ts";
import { finderOf } from "../fleet/numbers-in-messages.ts";
import { chunkNumbers, ReadTimes, SeriesCache, SeriesChunk } from "./series-cache.ts";
import { Slice } from "../fleet/slice.ts";
import { type Added, addAscending, addTimed, singles } from "./timed-readings.ts";

/** Reports read in one step: the more, the less each costs. */
const reportsPerStep = { least: 128, first: 512, most: 4_096 } as const;
/** What a step may take, ms: the next one is made smaller, or larger. Large messages, and those to be parsed, take longer. */
const stepMs = { low: 0.5, high: 1.5 } as const;

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
type Read = (messages: Messages, values: Float64Array) => void | Promise<void>;

/** What is read of each chunk. */
type Reading = Pick<SeriesQuery, "device" | "field"> & {
  /** Reports with numbers from this one on are left out. */
  readonly end: number;
  readonly read: Read;
  readonly slice: Slice;
};

export class SeriesReader {
  readonly #cache = new SeriesCache();
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
    let few: Added[] | null = [];
    // Later reports are left out: the times of a chunk may ascend up to them only.
    const reading = { device, field, read, slice, end: await reports.end() };
    for (const found of await reports.chunks(from, to)) {
      for (const added of await this.#addChunk(decimation, found, reading)) {
        if (decimation.count > points) few = null;
        few?.push(added);
      }
      await slice.breathe();
    }
    const { count, last, bounds } = decimation;
    const buckets =
      few === null ? decimation.buckets : await singles(few, bounds, reports, device, slice);
    return { reports: count, last: count > 0 ? last : null, ...pointsOf(buckets) };
  }

  /** Adds the readings of a chunk: those that are final from the cache, then those before and after which others may come. */
  async #addChunk(decimation: Decimation, found: ReportChunk, reading: Reading): Promise<Added[]> {
    const { device, field, end, read, slice } = reading;
    const first = found.number * chunkNumbers;
    const final = Math.min(end, found.finalBelow ?? end);
    const added: Added[] = [];
    if (final > first) {
      const key = `${device}\n${found.number}\n${field}`;
      const chunk = this.#cache.get(key, first);
      await this.#complete(chunk, device, final, read, slice);
      this.#cache.count(key, chunk);
      const columns = chunk.below(final);
      const ascending = found.isOrdered
        ? await addAscending(decimation, this.reports, device, columns, slice)
        : null;
      added.push(
        ascending ?? (await this.#addAll(decimation, chunk, found, device, columns, slice)),
      );
      this.#cache.count(key, chunk);
    }
    if (final < Math.min(end, first + chunkNumbers)) {
      const open = new SeriesChunk(first, Math.max(first, final));
      await this.#complete(open, device, end, read, slice);
      added.push(await this.#addAll(decimation, open, found, device, open.below(end), slice));
    }
    return added;
  }

  #readerOf(field: string): Read {
    const readColumn = columnReaderOf(field);
    const find = finderOf(field);
    const readSingly: Read = async ({ base, places }, values) => {
      const numbers = Array.from(places, (place) => base + place);
      const reports = await this.reports.reportsAt(numbers);
      for (const [i, report] of reports.entries()) {
        values[i] = report === null ? Number.NaN : find(report.message);
      }
    };
    return (messages, values) => {
      const count = readColumn(messages.bytes, values);
      // If the counts differ, a message contains the separator itself.
      return count === messages.places.length ? undefined : readSingly(messages, values);
    };
  }

  /** Reads the newest readings of a chunk, of reports with numbers below `end`. */
  async #complete(
    chunk: SeriesChunk,
    device: string,
    end: number,
    read: Read,
    slice: Slice,
  ): Promise<void> {
    const until = Math.min(chunk.first + chunkNumbers, end);
    const scan = this.reports.messages(device, chunk.next, until);
    const values = new Float64Array(reportsPerStep.most);
    while (!scan.done) {
      const began = performance.now();
      const next = scan.next(this.#reportsPerStep);
      const asked = performance.now();
      const messages = await next;
      // What a network takes keeps nobody from working.
      const came = performance.now();
      await read(messages, values);
      chunk.take(messages.base, messages.places, values);
      this.#adapt(asked - began + performance.now() - came);
      await slice.breathe();
    }
    chunk.next = Math.max(chunk.next, until);
  }

  #adapt(tookMs: number): void {
    const { least, most } = reportsPerStep;
    if (tookMs > stepMs.high) this.#reportsPerStep = Math.max(least, this.#reportsPerStep >>> 1);
    else if (tookMs < stepMs.low) this.#reportsPerStep = Math.min(most, this.#reportsPerStep << 1);
  }

  /** Adds the readings of a chunk whose times may be in any order: reads those that were not read yet. */
  async #addAll(
    decimation: Decimation,
    chunk: SeriesChunk,
    { revision }: ReportChunk,
    device: string,
    columns: Columns,
    slice: Slice,
  ): Promise<Added> {
    if (chunk.times.revision !== revision) chunk.times = new ReadTimes(revision);
    // Another request may begin with a new revision meanwhile.
    const known = chunk.times;
    const { first, places, length } = columns;
    while (known.length < length) {
      const begin = known.length;
      const own = places.subarray(begin, Math.min(begin + reportsPerStep.first, length));
      known.take(begin, await this.reports.timesAt(device, first, own));
      await slice.breathe();
    }
    const added = { columns, begin: 0, end: length, times: known.times };
    await addTimed(decimation, added, slice);
    return added;
  }
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
