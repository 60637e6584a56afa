// Owns the data of charts: a device's numbers over time are read once, kept in columns by chunk of sequence numbers, and
// decimated on request. Never parses a message itself.

import type { Messages, ReportChunk, ReportReads } from "../../server/store-reads.ts";
import { type Bucket, type Columns, Decimation, haveSamePlaces } from "./decimation.ts";
import { columnReaderOf } from "./number-column.ts";
import { finderOf } from "../../fleet/numbers-in-messages.ts";
import { chunkNumbers, ReadTimes, SeriesCache, SeriesChunk } from "./series-cache.ts";
import { Slice } from "../../fleet/slice.ts";
import { StateDecimation, type StatePoints } from "./state-decimation.ts";
import { type Added, addAscending, addTimed, singles } from "./timed-readings.ts";
import { codeFinderOf, WordCodes, wordColumnReaderOf } from "./word-column.ts";

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

/** Several fields of a device: those whose numbers are meant, and those whose states. */
export type ChartQuery = Omit<SeriesQuery, "field"> & {
  readonly fields: readonly string[];
  readonly states: readonly string[];
};

export type Points = {
  readonly times: number[];
  readonly min: number[];
  readonly max: number[];
  readonly mean: number[];
  readonly count: number[];
};

/** The points of a field, with the number of readings they come from, and the latest reading, null if there is none. */
type Series = Points & { readonly field: string; reports: number; last: number | null };
type States = StatePoints & { readonly field: string; reports: number; last: string | null };

/** One field of a chart. */
type Track<D extends Decimation = Decimation> = {
  readonly field: string;
  /** Tells its columns from others in the cache. */
  readonly key: string;
  /** Finds its number in a message, NaN if there is none; and in many. */
  readonly find: (message: string) => number;
  readonly read: (bytes: Uint8Array, values: Float64Array) => number;
  readonly decimation: D;
  /** If there are no more readings than points, each becomes a point of its own: they are kept until then. */
  few: Added[] | null;
};

/** What is read of each chunk. */
type Reading = {
  readonly device: string;
  readonly tracks: readonly Track[];
  /** Reports with numbers from this one on are left out. */
  readonly end: number;
  readonly slice: Slice;
};

export class SeriesReader {
  readonly #cache = new SeriesCache();
  #words = new WordCodes(0);
  #reportsPerStep: number = reportsPerStep.first;

  constructor(private readonly reports: ReportReads) {}

  /** The points of one field. */
  async points({ field, ...query }: SeriesQuery): Promise<Omit<Series, "field">> {
    const { series } = await this.chart({ ...query, fields: [field], states: [] });
    const { field: _, ...points } = series[0] as Series;
    return points;
  }

  /** The points of several fields, each of which has its own; they are read together. */
  async chart(query: ChartQuery): Promise<{ series: Series[]; states: States[] }> {
    const { device, from, to } = query;
    const slice = new Slice();
    const parts = Math.min(query.points, to - from + 1);
    const words = this.#wordsWithRoom();
    const numbers = query.fields.map((field) =>
      numberTrack(field, new Decimation(from, to, parts)),
    );
    const states = query.states.map((field) =>
      stateTrack(field, new StateDecimation(from, to, parts), words),
    );
    const tracks = [...numbers, ...states];
    // Later reports are left out: the times of a chunk may ascend up to them only.
    const reading = { device, tracks, slice, end: await this.reports.end() };
    for (const found of await this.reports.chunks(from, to)) {
      await this.#addChunk(found, reading);
      for (const track of tracks) if (track.decimation.count > query.points) track.few = null;
      await slice.breathe();
    }
    const found: { series: Series[]; states: States[] } = { series: [], states: [] };
    for (const { field, decimation, few } of numbers) {
      const { count: reports, last } = decimation;
      const points = pointsOf(await this.#bucketsOf(decimation, few, reading));
      found.series.push({ field, reports, last: reports > 0 ? last : null, ...points });
    }
    for (const { field, decimation, few } of states) {
      const { count: reports, last } = decimation;
      const points = decimation.pointsOf(await this.#bucketsOf(decimation, few, reading), words);
      found.states.push({
        field,
        reports,
        last: reports > 0 ? words.wordOf(last) : null,
        ...points,
      });
    }
    return found;
  }

  #wordsWithRoom(): WordCodes {
    if (this.#words.isFull) this.#words = new WordCodes(this.#words.serial + 1);
    return this.#words;
  }

  async #bucketsOf(
    { buckets, bounds }: Decimation,
    few: Added[] | null,
    { device, slice }: Reading,
  ): Promise<readonly Bucket[]> {
    return few === null ? buckets : await singles(few, bounds, this.reports, device, slice);
  }

  /** Adds the readings of a chunk: those that are final from the cache, then those before and after which others may come. */
  async #addChunk(found: ReportChunk, reading: Reading): Promise<void> {
    const { device, tracks, end, slice } = reading;
    const first = found.number * chunkNumbers;
    const final = Math.min(end, found.finalBelow ?? end);
    if (final > first) {
      const keys = tracks.map(({ key }) => `${device}\n${found.number}\n${key}`);
      const chunks = keys.map((key) => this.#cache.get(key, first));
      await this.#complete(chunks, reading, final);
      const count = () =>
        keys.forEach((key, i) => this.#cache.count(key, chunks[i] as SeriesChunk));
      count();
      const columns = chunks.map((chunk) => chunk.below(final));
      const ascending = found.isOrdered
        ? await addAscending(decimationsOf(tracks), this.reports, device, columns, slice)
        : [];
      for (const [i, track] of tracks.entries()) {
        const added = ascending[i] ?? (await this.#addAll(found, reading, chunks, columns, i));
        track.few?.push(added);
      }
      count();
    }
    if (final < Math.min(end, first + chunkNumbers)) {
      const open = tracks.map(() => new SeriesChunk(first, Math.max(first, final)));
      await this.#complete(open, reading, end);
      const columns = open.map((chunk) => chunk.below(end));
      for (const [i, track] of tracks.entries()) {
        const added = await this.#addAll(found, reading, open, columns, i);
        track.few?.push(added);
      }
    }
  }

  /** Reads the newest readings of a chunk, of reports with numbers below `end`, for all tracks at once. */
  async #complete(
    chunks: readonly SeriesChunk[],
    { device, tracks, slice }: Reading,
    end: number,
  ): Promise<void> {
    const until = Math.min((chunks[0]?.first ?? end) + chunkNumbers, end);
    const open = chunks.map((chunk, i) => [chunk, tracks[i] as Track] as const);
    const incomplete = open.filter(([chunk]) => chunk.next < until);
    if (incomplete.length === 0) return;
    const begin = Math.min(...incomplete.map(([chunk]) => chunk.next));
    const scan = this.reports.messages(device, begin, until);
    const values = new Float64Array(reportsPerStep.most);
    while (!scan.done) {
      const began = performance.now();
      const next = scan.next(this.#reportsPerStep);
      const asked = performance.now();
      const messages = await next;
      // What a network takes keeps nobody from working.
      const came = performance.now();
      for (const [chunk, track] of incomplete) {
        const count = track.read(messages.bytes, values);
        // If the counts differ, a message contains the separator itself.
        if (count !== messages.places.length) await this.#readSingly(track, messages, values);
        chunk.take(messages.base, messages.places, values);
      }
      this.#adapt(asked - began + performance.now() - came);
      await slice.breathe();
    }
    for (const [chunk] of incomplete) chunk.next = Math.max(chunk.next, until);
  }

  async #readSingly({ find }: Track, { base, places }: Messages, values: Float64Array) {
    const numbers = Array.from(places, (place) => base + place);
    const reports = await this.reports.reportsAt(numbers);
    for (const [i, report] of reports.entries()) {
      values[i] = report === null ? Number.NaN : find(report.message);
    }
  }

  #adapt(tookMs: number): void {
    const { least, most } = reportsPerStep;
    if (tookMs > stepMs.high) this.#reportsPerStep = Math.max(least, this.#reportsPerStep >>> 1);
    else if (tookMs < stepMs.low) this.#reportsPerStep = Math.min(most, this.#reportsPerStep << 1);
  }

  /**
   * Adds the readings of a chunk for one track. Their times may be in any order: reads those that were not read yet.
   * @param chunks of all tracks, with their columns; they mostly have the times in common
   */
  async #addAll(
    { revision }: ReportChunk,
    { device, tracks, slice }: Reading,
    chunks: readonly SeriesChunk[],
    all: readonly Columns[],
    i: number,
  ): Promise<Added> {
    const chunk = chunks[i] as SeriesChunk;
    const columns = all[i] as Columns;
    const { times } = chunks[0] as SeriesChunk;
    if (times.revision === revision && haveSamePlaces(columns, all[0] as Columns)) {
      chunk.times = times;
    } else if (chunk.times.revision !== revision) chunk.times = new ReadTimes(revision);
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
    await addTimed((tracks[i] as Track).decimation, added, slice);
    return added;
  }
}

function decimationsOf(tracks: readonly Track[]): Decimation[] {
  return tracks.map(({ decimation }) => decimation);
}

function numberTrack(field: string, decimation: Decimation): Track {
  const [find, read] = [finderOf(field), columnReaderOf(field)];
  return { field, key: field, find, read, decimation, few: [] };
}

function stateTrack(
  field: string,
  decimation: StateDecimation,
  words: WordCodes,
): Track<StateDecimation> {
  const find = codeFinderOf(field, words);
  const key = `${field}\n${words.serial}`;
  return { field, key, find, read: wordColumnReaderOf(field, words), decimation, few: [] };
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
