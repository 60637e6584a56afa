// Owns what is known of each 65,536 numbers of reports: how many there are, their lowest and highest times, whether those of
// each device ascend. Full chunks have a row; the newest one is summed up in memory from the rows that came since it was
// last asked for. Never removes a report.

import type { ReportChunk } from "../../../server/store-reads.ts";
import type { Readers } from "../connection/readers.ts";

/** How many sequence numbers a chunk has. */
export const chunkSize = 65_536;
/** How many rows are read at once. */
const rowsAtOnce = 16_384;

type Row = { readonly sequence: number; readonly device: string; readonly at: number };

/** The newest chunk as far as it was read. */
type Fold = {
  readonly number: number;
  /** The first number that was not read. */
  next: number;
  reports: number;
  lowest: number;
  highest: number;
  ordered: boolean;
  readonly latest: Map<string, number>;
};

export class ChunkSummaries {
  #fold: Fold = newFold(0);
  /** The first chunk that may have no row. */
  #unsettled: number;
  #settling: Promise<void> | null = null;
  #folding: Promise<unknown> = Promise.resolve();
  /** Changes when reports of the newest chunk are removed. */
  #revision = 0;

  /**
   * @param end returns the number above those of all stored reports
   * @param unsettled the first chunk that may have no row
   */
  constructor(
    private readonly readers: Readers,
    private readonly end: () => number,
    unsettled: number,
  ) {
    this.#unsettled = unsettled;
  }

  /** The chunks with reports measured from `from` to `to`, in order. */
  async between(from: number, to: number): Promise<ReportChunk[]> {
    const newest = await this.#newest();
    const rows = await this.readers.read<ReportChunk>(
      `SELECT number::float8 AS number, ordered AS "isOrdered", revision FROM report_chunk
       WHERE reports > 0 AND highest_at >= $1::float8 AND lowest_at <= $2::float8 AND number < $3::float8
       ORDER BY report_chunk.number`,
      [finite(from), finite(to), newest.number],
    );
    const full = rows.map(({ number, isOrdered, revision }) => ({ number, isOrdered, revision }));
    const isIn = newest.reports > 0 && newest.highest >= from && newest.lowest <= to;
    const { number, ordered } = newest;
    const open = { number, isOrdered: ordered && this.#revision === 0, revision: this.#revision };
    return isIn ? [...full, open] : full;
  }

  /** How many reports are kept. */
  async count(): Promise<number> {
    const newest = await this.#newest();
    const [row] = await this.readers.read<{ reports: number }>(
      "SELECT coalesce(sum(reports), 0)::float8 AS reports FROM report_chunk WHERE number < $1::float8",
      [newest.number],
    );
    return (row?.reports ?? 0) + newest.reports;
  }

  /** Reports of the newest chunk were removed: it is read anew. */
  removed(): void {
    this.#revision++;
    this.#fold = newFold(this.#fold.number);
  }

  /** Begins to write the rows of full chunks that have none. What fails is tried again. */
  settle(): void {
    if (chunkOf(this.end() - 1) <= this.#unsettled || this.#settling !== null) return;
    this.#settling = this.#settleAll()
      .catch(() => {})
      .finally(() => (this.#settling = null));
  }

  async #settleAll(): Promise<void> {
    for (let next = this.#unsettled; next < chunkOf(this.end() - 1);) {
      const low = next * chunkSize;
      const [row] = await this.readers.read<{ next: number | null }>(settling, [
        low,
        low + chunkSize,
      ]);
      // Numbers may have wide gaps.
      const found = row?.next ?? null;
      next = Math.max(next + 1, chunkOf(found ?? this.end() - 1));
      this.#unsettled = next;
    }
  }

  /** The newest chunk, with all reports that are stored. One at a time reads what is new. */
  #newest(): Promise<Fold> {
    const folded = this.#folding.then(() => this.#foldNew());
    this.#folding = folded.catch(() => {});
    return folded;
  }

  async #foldNew(): Promise<Fold> {
    const end = this.end();
    const number = chunkOf(Math.max(0, end - 1));
    if (number > this.#unsettled) await (this.#settling ?? this.#settleAll());
    if (this.#fold.number !== number) {
      this.#fold = newFold(number);
      this.#revision = 0;
    }
    const fold = this.#fold;
    while (fold.next < end) {
      const rows = await this.readers.read<Row>(
        `SELECT sequence::float8 AS sequence, device, at::float8 AS at FROM report
         WHERE sequence >= $1::float8::bigint AND sequence < $2::float8::bigint
         ORDER BY report.sequence LIMIT ${rowsAtOnce}`,
        [fold.next, end],
      );
      for (const row of rows) add(fold, row);
      fold.next = rows.length < rowsAtOnce ? end : (rows.at(-1) as Row).sequence + 1;
    }
    return fold;
  }
}

/** The chunk of a number. */
export function chunkOf(sequence: number): number {
  return Math.floor(sequence / chunkSize);
}

/** Sums up a chunk from its rows, and looks where the next one begins; its first number and that above its last. */
export const settling = `
  WITH own AS (
    SELECT at, received, at >= lag(at, 1, at) OVER (PARTITION BY device ORDER BY sequence) AS ascends
    FROM report WHERE sequence >= $1::float8::bigint AND sequence < $2::float8::bigint
  ), added AS (
    INSERT INTO report_chunk
      (number, reports, lowest_at, highest_at, lowest_received, highest_received, ordered)
    SELECT $1::float8::bigint / ${chunkSize}, count(*), min(at), max(at), min(received), max(received), bool_and(ascends)
    FROM own HAVING count(*) > 0
    ON CONFLICT (number) DO NOTHING
  )
  SELECT min(sequence)::float8 AS next FROM report WHERE sequence >= $2::float8::bigint`;

function newFold(number: number): Fold {
  const next = number * chunkSize;
  const [lowest, highest] = [Infinity, -Infinity];
  return { number, next, reports: 0, lowest, highest, ordered: true, latest: new Map() };
}

function add(fold: Fold, { device, at }: Row): void {
  fold.reports++;
  fold.lowest = Math.min(fold.lowest, at);
  fold.highest = Math.max(fold.highest, at);
  if (at < (fold.latest.get(device) ?? at)) fold.ordered = false;
  fold.latest.set(device, at);
}

/** A time that a column can be compared with. */
export function finite(time: number): number {
  return Math.min(Math.max(time, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
