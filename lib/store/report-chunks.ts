// Where a device's reports are. Reports are numbered in the order they came; a chunk is 65,536 numbers. A full chunk
// gets one row a device in `report_index`, with the places of its reports, appended in order: no page is written twice.
// The chunk being filled, and full ones not yet written, are held in memory and rebuilt from `data` at the start.

import type { Database, Statement } from "bun:sqlite";
import { ChunkPlaces, chunkSize } from "./chunk-places.ts";
import { prepare } from "./statements.ts";

export { chunkSize } from "./chunk-places.ts";

type Chunk = {
  readonly number: number;
  readonly places: ChunkPlaces;
  firstReceived: number;
  lastReceived: number;
};

/** The chunk a sequence number is in. */
export function chunkOf(sequence: number): number {
  return Math.floor(sequence / chunkSize);
}

export class ReportChunks {
  /** In order; the last one is being filled. */
  readonly #chunks: Chunk[] = [];
  /** The first device of the first full chunk that is not written yet, by its slot. */
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
      "INSERT OR REPLACE INTO report_chunk (chunk, first_received, last_received) VALUES (?, ?, ?)",
    );
  }

  /** Whether a full chunk waits to be written. */
  get isBehind(): boolean {
    return this.#chunks.length > 1;
  }

  /**
   * Notes a report. Sequence numbers only grow.
   * @param previous the number of a report before it, most likely of the same device; 0 where none is known
   */
  add(device: string, sequence: number, received: number, previous = 0): void {
    const number = chunkOf(sequence);
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.number !== number) {
      const places = new ChunkPlaces();
      chunk = { number, places, firstReceived: received, lastReceived: received };
      this.#chunks.push(chunk);
    }
    chunk.lastReceived = received;
    const first = number * chunkSize;
    chunk.places.add(device, sequence - first, previous - first);
  }

  /** Forgets the reports from this number on: their batch was not stored. */
  undoFrom(sequence: number): void {
    while ((this.#chunks.at(-1)?.number ?? -1) > chunkOf(sequence)) this.#chunks.pop();
    const chunk = this.#chunks.at(-1);
    if (chunk?.number === chunkOf(sequence)) chunk.places.undoFrom(sequence % chunkSize);
  }

  /**
   * Writes a share of the oldest full chunk, in a transaction of its own. When it fails, the chunk is written again
   * from its beginning; rows that are there already are replaced by the same.
   * @param devicesMax rows to write at most
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
      if (isWhole) this.#insertChunk.run(number, chunk.firstReceived, chunk.lastReceived);
    })();
    if (isWhole) this.#chunks.shift();
    else this.#unwritten = end;
  }

  /** Places of a device's reports in a chunk that is in memory, ascending; null for a chunk that is not. */
  placesIn(number: number, device: string): Uint16Array | null {
    const chunk = this.#chunks.find((held) => held.number === number);
    return chunk === undefined ? null : chunk.places.of(device);
  }

  /** Numbers of a device's reports that are in memory, newest first. */
  *newestInMemory(device: string): Generator<number> {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const { number, places } = this.#chunks[i] as Chunk;
      for (const place of places.newestOf(device)) yield number * chunkSize + place;
    }
  }

  /** The first number that is only in memory. */
  get memoryFrom(): number {
    return (this.#chunks[0]?.number ?? Number.MAX_SAFE_INTEGER / chunkSize) * chunkSize;
  }
}
