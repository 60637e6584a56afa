// Owns the index of the reports by device. Reports are numbered in the order of arrival; a chunk is 65,536 numbers.
// Each full chunk is written to `report_index` as one row per device with the places of its reports; the rows are
// appended in order, so no page is written twice. The chunk being filled, and full ones not written yet, are in memory
// only, and a restart rebuilds them from `data`. Never stores a report itself.

import type { Database, Statement } from "bun:sqlite";
import { ChunkPlaces, chunkSize } from "./chunk-places.ts";
import { prepare } from "../file/statements.ts";

export { chunkSize } from "./chunk-places.ts";

type Chunk = {
  readonly number: number;
  readonly places: ChunkPlaces;
  /** The lowest and the highest time at which a report in it was received, ms since 1970. */
  lowestReceived: number;
  highestReceived: number;
  /** The same of the times at which they were measured. */
  lowestAt: number;
  highestAt: number;
  /** Whether these times ascend for each device, and no report was removed. */
  isOrdered: boolean;
  /** How many of its reports retention removed. */
  removed: number;
};

/** A chunk with reports of a range of time. */
export type ChunkTimes = {
  readonly number: number;
  /** Whether the times of each device's reports ascend in it, and none of its reports was removed. */
  readonly isOrdered: boolean;
  /** Changes when reports of it are removed. */
  readonly revision: number;
};

/** The chunk that contains a sequence number. */
export function chunkOf(sequence: number): number {
  return Math.floor(sequence / chunkSize);
}

export class ReportChunks {
  /** The chunks in memory, in order; the last one is being filled. */
  readonly #chunks: Chunk[] = [];
  /** The slot in the first full chunk from which on the devices are not written yet. */
  #unwritten = 0;
  readonly #insertIndex: Statement;
  readonly #insertChunk: Statement;

  constructor(private readonly database: Database) {
    this.#insertIndex = prepare(
      database,
      "INSERT OR REPLACE INTO report_index (chunk, device, places) VALUES (?, ?, ?)",
    );
    this.#insertChunk = prepare(
      database,
      `INSERT OR REPLACE INTO report_chunk
       (chunk, lowest_received, highest_received, reports, lowest_at, highest_at, ordered)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** Whether a full chunk is not completely written yet. */
  get isBehind(): boolean {
    return this.#chunks.length > 1;
  }

  /**
   * Adds a report. Sequence numbers must grow.
   * @param received when it was received, ms since 1970
   * @param at when it was measured, ms since 1970
   * @param previous the number of an earlier report, most likely of the same device; 0 if none is known
   */
  add(device: string, sequence: number, received: number, at: number, previous = 0): void {
    const number = chunkOf(sequence);
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.number !== number) {
      const places = new ChunkPlaces();
      chunk = {
        number,
        places,
        lowestReceived: received,
        highestReceived: received,
        lowestAt: at,
        highestAt: at,
        isOrdered: true,
        removed: 0,
      };
      this.#chunks.push(chunk);
    }
    // The clock may go back at any time.
    if (received < chunk.lowestReceived) chunk.lowestReceived = received;
    if (received > chunk.highestReceived) chunk.highestReceived = received;
    if (at < chunk.lowestAt) chunk.lowestAt = at;
    if (at > chunk.highestAt) chunk.highestAt = at;
    const first = number * chunkSize;
    if (!chunk.places.add(device, sequence - first, previous - first, at)) chunk.isOrdered = false;
  }

  /** Removes the reports from this number on: their batch was rolled back. */
  undoFrom(sequence: number): void {
    while ((this.#chunks.at(-1)?.number ?? -1) > chunkOf(sequence)) this.#chunks.pop();
    const chunk = this.#chunks.at(-1);
    if (chunk?.number === chunkOf(sequence)) chunk.places.undoFrom(sequence % chunkSize);
  }

  /**
   * Writes a part of the oldest full chunk, in a transaction of its own. If it fails, the next call starts with the
   * chunk's first device again; rows written before are replaced with equal ones.
   * @param devicesMax how many rows to write at most
   */
  writeSome(devicesMax: number): void {
    const chunk = this.#chunks[0];
    if (!this.isBehind || chunk === undefined) return;
    const { places, number } = chunk;
    const from = this.#unwritten;
    const end = Math.min(from + devicesMax, places.slots);
    const isWhole = end === places.slots;
    this.#unwritten = 0;
    this.database.transaction(() => {
      for (let slot = from; slot < end; slot++) {
        const own = places.at(slot);
        if (own.length === 0) continue;
        this.#insertIndex.run(number, places.deviceAt(slot), new Uint8Array(own.buffer));
      }
      if (!isWhole) return;
      this.#insertChunk.run(
        number,
        chunk.lowestReceived,
        chunk.highestReceived,
        places.count - chunk.removed,
        chunk.lowestAt,
        chunk.highestAt,
        chunk.isOrdered ? 1 : 0,
      );
    })();
    if (isWhole) this.#chunks.shift();
    else this.#unwritten = end;
  }

  /** Places of a device's reports in a chunk, ascending; null if the chunk is not in memory. */
  placesIn(number: number, device: string): Uint16Array | null {
    return this.#find(number)?.places.of(device) ?? null;
  }

  /** Numbers of a device's reports in the chunks in memory, newest first. */
  *newestInMemory(device: string): Generator<number> {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const { number, places } = this.#chunks[i] as Chunk;
      for (const place of places.newestOf(device)) yield number * chunkSize + place;
    }
  }

  /** The chunks in memory with a report that was measured from `from` to `to`, ms since 1970, in order. */
  between(from: number, to: number): ChunkTimes[] {
    return this.#chunks
      .filter(({ lowestAt, highestAt }) => lowestAt <= to && highestAt >= from)
      .map(({ number, isOrdered, removed }) => ({ number, isOrdered, revision: -removed }));
  }

  /** How many reports of the chunks in memory are kept. */
  get count(): number {
    return this.#chunks.reduce((sum, { places, removed }) => sum + places.count - removed, 0);
  }

  /** Whether a chunk is in memory. */
  has(number: number): boolean {
    return this.#find(number) !== undefined;
  }

  /** The next chunk in memory after `number` that may have a report received before a time; null if there is none. */
  nextBefore(number: number, ms: number): number | null {
    const next = this.#chunks.find((held) => held.number > number && held.lowestReceived < ms);
    return next?.number ?? null;
  }

  /** Notes that retention removed some reports of a chunk in memory. */
  subtract(number: number, reports: number): void {
    const chunk = this.#find(number);
    if (chunk === undefined) return;
    chunk.removed += reports;
    chunk.isOrdered = false;
  }

  /** Notes the lowest time at which the reports that retention kept of a chunk in memory were received. */
  raise(number: number, lowestReceived: number): void {
    const chunk = this.#find(number);
    if (chunk !== undefined) chunk.lowestReceived = lowestReceived;
  }

  #find(number: number): Chunk | undefined {
    return this.#chunks.find((held) => held.number === number);
  }

  /** The first number of the first chunk in memory; all lower ones are in the index on the disk. */
  get memoryFrom(): number {
    return (this.#chunks[0]?.number ?? Number.MAX_SAFE_INTEGER / chunkSize) * chunkSize;
  }
}
