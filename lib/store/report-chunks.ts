// Where a device's reports are. Reports are numbered in the order they came; a chunk is 65,536 numbers. A full chunk
// gets one row a device in `report_index`, with the places of its reports, appended in order: no page is written twice.
// The chunk being filled, and full ones not yet written, are held in memory and rebuilt from `data` at the start.

import type { Database, Statement } from "bun:sqlite";
import { prepare } from "./statements.ts";

export const chunkBits = 16;
export const chunkSize = 1 << chunkBits;

/** Places in a chunk, ascending. */
type Places = number[];

type Chunk = {
  readonly number: number;
  readonly places: Map<string, Places>;
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
  /** Devices of the first full chunk that are not written yet. */
  #unwritten: Iterator<[string, Places]> | null = null;
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

  /** Notes a report. Sequence numbers only grow. */
  add(device: string, sequence: number, received: number): void {
    const number = chunkOf(sequence);
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.number !== number) {
      chunk = { number, places: new Map(), firstReceived: received, lastReceived: received };
      this.#chunks.push(chunk);
    }
    chunk.lastReceived = received;
    const place = sequence % chunkSize;
    const places = chunk.places.get(device);
    if (places === undefined) chunk.places.set(device, [place]);
    else places.push(place);
  }

  /** Forgets the reports from this number on: their batch was not stored. */
  undoFrom(sequence: number): void {
    while ((this.#chunks.at(-1)?.number ?? -1) > chunkOf(sequence)) this.#chunks.pop();
    const chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.number !== chunkOf(sequence)) return;
    const first = sequence % chunkSize;
    for (const [device, places] of chunk.places) {
      while ((places.at(-1) ?? -1) >= first) places.pop();
      if (places.length === 0) chunk.places.delete(device);
    }
  }

  /**
   * Writes a share of the oldest full chunk, in a transaction of its own. When it fails, the chunk is written again
   * from its beginning; rows that are there already are replaced by the same.
   * @param devicesMax rows to write at most
   */
  writeSome(devicesMax: number): void {
    const chunk = this.#chunks[0];
    if (!this.isBehind || chunk === undefined) return;
    const unwritten = this.#unwritten ?? chunk.places.entries();
    this.#unwritten = null;
    let whole = false;
    this.database.transaction(() => {
      for (let i = 0; i < devicesMax && !whole; i++) {
        const { value, done } = unwritten.next();
        if (done) {
          this.#insertChunk.run(chunk.number, chunk.firstReceived, chunk.lastReceived);
          whole = true;
        } else {
          const places = Uint16Array.from(value[1]);
          this.#insertIndex.run(chunk.number, value[0], new Uint8Array(places.buffer));
        }
      }
    })();
    if (whole) this.#chunks.shift();
    else this.#unwritten = unwritten;
  }

  /** Places of a device's reports in a chunk that is in memory, ascending; null for a chunk that is not. */
  placesIn(number: number, device: string): readonly number[] | null {
    const chunk = this.#chunks.find((held) => held.number === number);
    return chunk === undefined ? null : (chunk.places.get(device) ?? []);
  }

  /** Numbers of a device's reports that are in memory, newest first. */
  *newestInMemory(device: string): Generator<number> {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i] as Chunk;
      const places = chunk.places.get(device) ?? [];
      for (let j = places.length - 1; j >= 0; j--)
        yield chunk.number * chunkSize + (places[j] as number);
    }
  }

  /** The first number that is only in memory. */
  get memoryFrom(): number {
    return (this.#chunks[0]?.number ?? Number.MAX_SAFE_INTEGER / chunkSize) * chunkSize;
  }
}
