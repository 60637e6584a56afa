// Owns adding the readings of one chunk to the parts of a chart. Where their times ascend, the store searches for the
// readings at which the parts begin; else all times are known. Never reads a report itself.

import type { ReportReads } from "../../server/store-reads.ts";
import {
  type Bucket,
  type Columns,
  type Decimation,
  firstNumber,
  haveSamePlaces,
  single,
} from "./decimation.ts";
import type { Slice } from "../../fleet/slice.ts";

/** How many times one read searches for, and how many it reads: each about 1 ms. */
const searchesPerRead = 128;
const timesPerRead = 512;
/** To search for the begin of a part takes about as long as to read the times of this many readings. */
const readingsPerSearch = 2;

/** What is read of times. */
export type TimeReads = Pick<ReportReads, "timesAt" | "firstsFrom">;

/** Readings of a chunk that were added to a chart: from the index `begin` to below `end`. */
export type Added = {
  readonly columns: Columns;
  readonly begin: number;
  readonly end: number;
  /** Their times, ms since 1970, NaN for each that was removed; null if not all were read. */
  readonly times: Float64Array | null;
};

/** Reads the times of a device's readings at some indexes, ms since 1970; NaN for each that was removed. */
async function timesOf(
  reads: TimeReads,
  device: string,
  { first, places }: Columns,
  indexes: readonly number[],
  slice: Slice,
): Promise<Float64Array> {
  const wanted = Uint16Array.from(indexes, (index) => places[index] as number);
  const times = new Float64Array(wanted.length);
  for (let at = 0; at < wanted.length; at += timesPerRead) {
    const some = wanted.subarray(at, at + timesPerRead);
    times.set(await reads.timesAt(device, first, some), at);
    await slice.breathe();
  }
  return times;
}

/** Adds readings of which all times are known, in any order. @param times from the index `begin` on */
export async function addTimed(
  decimation: Decimation,
  { columns, begin, end, times }: Added & { readonly times: Float64Array },
  slice: Slice,
): Promise<void> {
  const [from, after] = decimation.bounds;
  for (let at = begin; at < end; at++) {
    if (at % 4_096 === 0) await slice.breathe();
    const time = times[at - begin] as number;
    if (!(time >= from && time < after) || firstNumber(columns, at, at + 1) > at) continue;
    decimation.add(decimation.bucketOf(time), columns, at, at + 1, time);
  }
}

/**
 * Adds a device's readings whose times ascend, of several fields. Reads few of the times.
 * @param all the columns of each field, which are mostly of the same reports
 * @returns of each field those of the range; null if the report of one was removed: then nothing was added, and all times
 * must be read
 */
export async function addAscending(
  decimations: readonly Decimation[],
  reads: TimeReads,
  device: string,
  all: readonly Columns[],
  slice: Slice,
): Promise<(Added | null)[]> {
  const added: (Added | null)[] = [];
  let known: { readonly columns: Columns; readonly cuts: Cuts | null } | null = null;
  for (const [i, columns] of all.entries()) {
    const decimation = decimations[i] as Decimation;
    if (known === null || !haveSamePlaces(known.columns, columns)) {
      known = { columns, cuts: await cutsFor(decimation, reads, device, columns, slice) };
    }
    const { cuts } = known;
    added.push(cuts && (await addCut(decimation, reads, device, columns, cuts, slice)));
  }
  return added;
}

/** Where ascending readings are cut into the parts of a chart. */
type Cuts = {
  readonly begin: number;
  readonly end: number;
  /** The times of all of the range, if those are few. */
  readonly times: Float64Array | null;
  /** The part that the first ones belong to, and the index at which each begins, with the end. */
  readonly lowest: number;
  readonly indexes: Int32Array;
};

/** @returns null if a report was removed */
async function cutsFor(
  decimation: Decimation,
  reads: TimeReads,
  device: string,
  columns: Columns,
  slice: Slice,
): Promise<Cuts | null> {
  const { first: base, places, length } = columns;
  const none = { begin: 0, end: 0, times: null, lowest: 0, indexes: new Int32Array(0) };
  if (length === 0) return none;
  const [from, after] = decimation.bounds;
  const [oldest, newest] = (await timesOf(
    reads,
    device,
    columns,
    [0, length - 1],
    slice,
  )) as Float64Array & [number, number];
  if (Number.isNaN(oldest + newest)) return null;
  let [begin, end] = [0, length];
  if (oldest < from || newest >= after) {
    const ends = Float64Array.of(from, after);
    const found = await reads.firstsFrom(device, base, places.subarray(0, length), ends);
    if (found === null) return null;
    [begin, end] = found as [number, number];
  }
  if (begin >= end) return { ...none, begin, end };
  const lowest = decimation.bucketOf(Math.max(oldest, from));
  const highest = decimation.bucketOf(Math.min(newest, after - 1));
  if (end - begin <= readingsPerSearch * (highest - lowest + 1)) {
    const indexes = Array.from({ length: end - begin }, (_, i) => begin + i);
    const times = await timesOf(reads, device, columns, indexes, slice);
    return { ...none, begin, end, times };
  }
  const begins = Float64Array.from({ length: highest - lowest }, (_, i) =>
    decimation.beginOf(lowest + 1 + i),
  );
  const indexes = await cutsOf(reads, device, { columns, begin, end }, begins, slice);
  return indexes && { begin, end, times: null, lowest, indexes };
}

/** Adds the readings of one field. @returns null if a report was removed: then nothing was added */
async function addCut(
  decimation: Decimation,
  reads: TimeReads,
  device: string,
  columns: Columns,
  { begin, end, times: all, lowest, indexes: cuts }: Cuts,
  slice: Slice,
): Promise<Added | null> {
  const range = { columns, begin, end };
  if (all !== null) {
    await addTimed(decimation, { ...range, times: all }, slice);
    return { ...range, times: all };
  }
  // In whole numbers of 32 bits, as the compiler sees it: `add` is slower if it cannot be sure of that.
  const nexts = cuts.subarray(1);
  const firsts = nexts.map((next, i) => firstNumber(columns, cuts[i] as number, next));
  const indexes = Array.from(firsts).filter((index, i) => index < (nexts[i] as number));
  const times = await timesOf(reads, device, columns, indexes, slice);
  if (times.some(Number.isNaN)) return null;
  let known = 0;
  for (const [i, next] of nexts.entries()) {
    const index = firsts[i] as number;
    if (index < next) decimation.add(lowest + i, columns, index, next, times[known++] as number);
  }
  return { ...range, times: null };
}

/**
 * The index at which the range begins, those at which some ascending times begin in it, and its end; null if a report was
 * removed.
 */
async function cutsOf(
  reads: TimeReads,
  device: string,
  { columns, begin, end }: Omit<Added, "times">,
  times: Float64Array,
  slice: Slice,
): Promise<Int32Array | null> {
  const cuts = new Int32Array(times.length + 2);
  cuts[0] = begin;
  cuts[times.length + 1] = end;
  for (let at = 0; at < times.length; at += searchesPerRead) {
    const low = cuts[at] as number;
    const places = columns.places.subarray(low, end);
    const wanted = times.subarray(at, at + searchesPerRead);
    const found = await reads.firstsFrom(device, columns.first, places, wanted);
    if (found === null) return null;
    for (const [i, index] of found.entries()) cuts[at + i + 1] = low + index;
    await slice.breathe();
  }
  return cuts;
}

/** All readings that were added to a chart, as buckets of their own in the order of their times. */
export async function singles(
  added: readonly Added[],
  [from, after]: readonly [from: number, after: number],
  reads: TimeReads,
  device: string,
  slice: Slice,
): Promise<Bucket[]> {
  const buckets: Bucket[] = [];
  for (const { columns, begin, end, times: known } of added) {
    const indexes: number[] = [];
    for (let i = firstNumber(columns, begin, end); i < end; i = firstNumber(columns, i + 1, end)) {
      indexes.push(i);
    }
    const times =
      known === null
        ? await timesOf(reads, device, columns, indexes, slice)
        : indexes.map((index) => known[index - begin] as number);
    for (const [i, index] of indexes.entries()) {
      const time = times[i] as number;
      if (time >= from && time < after) buckets.push(single(time, columns.values[index] as number));
    }
  }
  return buckets.sort((one, other) => one.time - other.time);
}
