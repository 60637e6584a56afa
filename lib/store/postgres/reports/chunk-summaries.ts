// Owns what is known of each 65,536 numbers of reports: how many there are, their lowest and highest times, whether those of
// each device ascend. A chunk to which nothing new comes has a row. Those of the newest one to which nothing new comes are
// summed up in memory; what comes after them is looked up. Never removes a report.

import type { ReportChunk } from "../../../server/store-reads.ts";
import type { Readers } from "../connection/readers.ts";
import { chunkOf, chunkSize, type Horizon, type Numbering } from "./horizon.ts";

/** How many rows are read at once. */
const rowsAtOnce = 16_384;
/** From so many numbers on a count by rows takes long (200,000 rows: 60 ms), and is good for a second. */
const manyNumbers = 200_000;
const countedMs = 1_000;
/** How often it is tried to sum up chunks for good, ms. */
const settleEveryMs = 1_000;
/** The lock of whoever sums up a chunk for good, or removes reports: "iotC" in ASCII. */
export const chunkLock = 0x696f7443;

type Row = { readonly sequence: number; readonly device: string; readonly at: number };

/** The beginning of a chunk, as far as nothing new comes to it. */
type Fold = {
  readonly number: number;
  /** That of the numbering when it was begun. */
  readonly removals: number;
  /** The first number that was not read. */
  next: number;
  reports: number;
  lowest: number;
  highest: number;
  ordered: boolean;
  readonly latest: Map<string, number>;
};

/** The fold at a moment, and what was known then. */
type Folded = Numbering & Omit<Fold, "next" | "latest">;

export class ChunkSummaries {
  #fold: Fold = newFold(0, 0);
  /** The first chunk that may have no row. */
  #unsettled = 0;
  #settling: Promise<void> | null = null;
  #nextSettling = -Infinity;
  #folding: Promise<unknown> = Promise.resolve();
  #counted = { reports: 0, until: -Infinity };

  constructor(
    private readonly readers: Readers,
    private readonly horizon: Horizon,
  ) {}

  /** The chunks with reports measured from `from` to `to`, in order; also those to which such may still come. */
  async between(from: number, to: number): Promise<ReportChunk[]> {
    const newest = await this.#newest();
    const { number, ordered, reports, lowest, highest, end, finalBelow, removals } = newest;
    const [rows, open] = await Promise.all([
      this.readers.read<ReportChunk>(
        `SELECT number::float8 AS number, ordered AS "isOrdered", revision FROM report_chunk
         WHERE reports > 0 AND highest_at >= $1::float8 AND lowest_at <= $2::float8 AND number < $3::float8
         ORDER BY report_chunk.number`,
        [finite(from), finite(to), number],
      ),
      finalBelow < end ? this.readers.read<{ number: number }>(openChunks, [finalBelow, end]) : [],
    ]);
    const found = rows.map((row): ReportChunk => {
      return { number: row.number, isOrdered: row.isOrdered, revision: row.revision };
    });
    const isOrdered = ordered && newest.removedIn < number;
    const isIn = reports > 0 && highest >= from && lowest <= to;
    const isOpen = open.some((one) => one.number === number);
    if (isOpen) found.push({ number, isOrdered, revision: removals, finalBelow });
    else if (isIn) found.push({ number, isOrdered, revision: removals });
    for (const one of open) {
      if (one.number === number) continue;
      found.push({ number: one.number, isOrdered: false, revision: removals, finalBelow });
    }
    return found;
  }

  /** How many reports are kept. Where many are counted by their rows, that is done once a second. */
  async count(): Promise<number> {
    const now = this.horizon.now();
    if (now < this.#counted.until) return this.#counted.reports;
    const { number, reports, finalBelow, end } = await this.#newest();
    const [row] = await this.readers.read<{ reports: number }>(
      `SELECT ((SELECT coalesce(sum(reports), 0) FROM report_chunk WHERE number < $1::float8)
             + (SELECT count(*) FROM report WHERE sequence >= $2::float8::bigint))::float8 AS reports`,
      [number, finalBelow],
    );
    const all = (row?.reports ?? 0) + reports;
    if (end - finalBelow >= manyNumbers) this.#counted = { reports: all, until: now + countedMs };
    return all;
  }

  /** Begins to write the rows of chunks that have none and to which nothing new comes. What fails is tried again. */
  settle(): void {
    const now = this.horizon.now();
    if (this.#settling !== null || now < this.#nextSettling) return;
    if (chunkOf(this.horizon.reachable) <= this.#unsettled) return;
    // It may have to wait for a transaction that hangs.
    this.#nextSettling = now + settleEveryMs;
    this.#settling = this.horizon
      .read()
      .then((numbering) => this.#settleBelow(numbering))
      .catch(() => {})
      .finally(() => (this.#settling = null));
  }

  async #settleBelow({ summedUp, finalBelow }: Numbering): Promise<void> {
    const until = chunkOf(finalBelow);
    this.#unsettled = Math.max(this.#unsettled, summedUp);
    while (this.#unsettled < until) {
      const number = this.#unsettled;
      const [low, high] = [number * chunkSize, (number + 1) * chunkSize];
      const found = await this.readers.transact(async (query) => {
        await query("SELECT pg_advisory_xact_lock($1::bigint)", [chunkLock]);
        const [last] = await query("SELECT max(number)::float8 AS number FROM report_chunk");
        // Another server may have been faster.
        if (((last?.["number"] ?? -1) as number) >= number) return high;
        const [row] = await query(settling, [low, high]);
        return (row?.["next"] ?? finalBelow) as number;
      });
      // Numbers may have wide gaps.
      const next = chunkOf(found);
      this.#unsettled = Math.max(this.#unsettled, number + 1, Math.min(next, until));
    }
  }

  /** The newest chunk that has final numbers. One at a time reads what is new. */
  #newest(): Promise<Folded> {
    const folded = this.#folding.then(() => this.#foldNew());
    this.#folding = folded.catch(() => {});
    return folded;
  }

  async #foldNew(): Promise<Folded> {
    const numbering = await this.horizon.read();
    const { finalBelow, removals } = numbering;
    const number = chunkOf(finalBelow);
    if (number > this.#unsettled) {
      await this.#settling;
      await this.#settleBelow(numbering);
    }
    if (this.#fold.number !== number || this.#fold.removals !== removals) {
      this.#fold = newFold(number, removals);
    }
    const fold = this.#fold;
    while (fold.next < finalBelow) {
      const rows = await this.readers.read<Row>(
        `SELECT sequence::float8 AS sequence, device, at::float8 AS at FROM report
         WHERE sequence >= $1::float8::bigint AND sequence < $2::float8::bigint
         ORDER BY report.sequence LIMIT ${rowsAtOnce}`,
        [fold.next, finalBelow],
      );
      for (const row of rows) add(fold, row);
      fold.next = rows.length < rowsAtOnce ? finalBelow : (rows.at(-1) as Row).sequence + 1;
    }
    // Others go on with the fold.
    const { reports, lowest, highest, ordered } = fold;
    return { ...numbering, number, reports, lowest, highest, ordered };
  }
}

/** Sums up a chunk from its rows, and looks where the next one begins; its first number and that above its last. */
export const settling = `
  WITH own AS (
    SELECT at, received, at >= lag(at, 1, at) OVER (PARTITION BY device ORDER BY sequence) AS ascends
    FROM report WHERE sequence >= $1::float8::bigint AND sequence < $2::float8::bigint
  ), added AS (
    INSERT INTO report_chunk
      (number, reports, lowest_at, highest_at, lowest_received, highest_received, ordered, revision)
    SELECT $1::float8::bigint / ${chunkSize}, count(*), min(at), max(at), min(received), max(received),
      bool_and(ascends) AND (SELECT removed_in FROM meta) < $1::float8::bigint / ${chunkSize}, (SELECT removals FROM meta)
    FROM own HAVING count(*) > 0
    ON CONFLICT (number) DO NOTHING
  )
  SELECT min(sequence)::float8 AS next FROM report WHERE sequence >= $2::float8::bigint`;

/** Finds the chunks with reports from $1 to below $2, with a look at each of them. */
const openChunks = `
  WITH RECURSIVE found (number) AS (
    SELECT min(sequence) / ${chunkSize} FROM report
    WHERE sequence >= $1::float8::bigint AND sequence < $2::float8::bigint
    UNION ALL
    SELECT (SELECT min(sequence) / ${chunkSize} FROM report
            WHERE sequence >= (found.number + 1) * ${chunkSize} AND sequence < $2::float8::bigint)
    FROM found WHERE number IS NOT NULL
  )
  SELECT number::float8 AS number FROM found WHERE number IS NOT NULL`;

function newFold(number: number, removals: number): Fold {
  const [lowest, highest] = [Infinity, -Infinity];
  const none = { next: number * chunkSize, reports: 0, lowest, highest };
  return { number, removals, ...none, ordered: true, latest: new Map() };
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
