// Follows the reports that other servers of the database store: finds each once. Their numbers come in blocks, and not in the
// order of commits, so blocks are looked at until they are full or too old. Never writes.

import type { ReportsOfOthers } from "../../../server/nodes.ts";
import type { ReportRow } from "../../../server/rows.ts";
import { nextBlock } from "../batch/blocks.ts";
import { blockSize } from "../batch/numbers.ts";
import type { OwnBlocks } from "../batch/own-blocks.ts";
import { numberArray } from "../connection/arrays.ts";
import type { Readers } from "../connection/readers.ts";
import { reportColumns, reportOf } from "../rows/columns.ts";
import { comesWithinMs } from "./horizon.ts";

/** How many blocks below the newest one are looked at when it begins: reports may still come in them. */
const blocksBefore = 64;
/** How many blocks are looked at at once; of more the oldest are given up. */
const openMax = 4_096;

/** A block of other servers in which reports may still come. */
type OpenBlock = {
  /** 1 for each number whose report was found. */
  readonly found: Uint8Array;
  left: number;
  /** Until when some may come, by the monotonic clock, ms; Infinity while no number beyond it is known. */
  until: number;
};

/** What it needs. */
export type FollowedParts = {
  readonly readers: Pick<Readers, "read">;
  readonly own: OwnBlocks;
  /** Whether no other server stores reports. */
  readonly isAlone: () => boolean;
  /** The monotonic clock, ms. */
  readonly now: () => number;
};

export class PostgresReportsOfOthers implements ReportsOfOthers {
  /** By their first numbers, ascending. */
  readonly #open = new Map<number, OpenBlock>();
  /** The first number of the block above all that were looked at; null before the first look. */
  #end: number | null = null;
  /** When another server may have lived last, by the monotonic clock, ms. */
  #notAlone: number;

  constructor(private readonly parts: FollowedParts) {
    this.#notAlone = parts.now();
  }

  async next(limit: number) {
    const { readers, own, isAlone, now } = this.parts;
    if (this.#end === null) await this.#begin();
    this.#goBeyond(own.newest);
    const at = now();
    // One that has left may have stored some just before, and one that has come is noticed before its blocks are given up.
    if (!isAlone()) this.#notAlone = at;
    else if (at - this.#notAlone > comesWithinMs) {
      this.#giveUp(at);
      return { reports: [], more: false };
    }
    const { lows, highs } = this.#unseen();
    const rows = await readers.read(inParts, [numberArray(lows), numberArray(highs), limit]);
    const more = rows.length >= limit;
    const reports = this.#take(rows.map(reportOf));
    // Else some of them may have come in time, and wait for the next look.
    if (!more) this.#giveUp(at);
    return { reports, more };
  }

  /** Looks no more at blocks in which no report comes since a moment, by the monotonic clock, ms. */
  #giveUp(since: number): void {
    for (const [first, { until }] of this.#open) if (until <= since) this.#open.delete(first);
  }

  /** What is stored already is not told. */
  async #begin(): Promise<void> {
    const rows = await this.parts.readers.read<{ end: number; number: number | null }>(stored);
    const { end } = rows[0] as { end: number };
    this.#end = Math.max(1, end - blocksBefore * blockSize);
    this.#goBeyond(end - blockSize);
    for (const { number } of rows) if (number !== null) this.#note(number);
  }

  /** Looks at all blocks up to one, by its first number, and knows that numbers went as far. */
  #goBeyond(newest: number): void {
    const { own, now } = this.parts;
    const end = this.#end as number;
    if (newest >= end) {
      // Numbers jump when a copy has filled the database.
      const from = Math.max(end, newest - (openMax - 1) * blockSize);
      for (let first = from; first <= newest; first += blockSize) {
        if (own.has(first)) continue;
        const found = new Uint8Array(blockSize);
        this.#open.set(first, { found, left: blockSize, until: Infinity });
      }
      this.#end = newest + blockSize;
    }
    const at = now();
    for (const [first, block] of this.#open) {
      if (block.until === Infinity && first < newest) block.until = at + comesWithinMs;
      if (this.#open.size > openMax) this.#open.delete(first);
    }
  }

  /** The numbers of which reports may come: from each of `lows` to below the one of `highs`. */
  #unseen(): { readonly lows: number[]; readonly highs: number[] } {
    const lows: number[] = [];
    const highs: number[] = [];
    // What was found lies outside: else it could fill an answer for ever.
    for (const [first, { found }] of this.#open) {
      for (let low = found.indexOf(0); low >= 0;) {
        const high = found.indexOf(1, low);
        lows.push(first + low);
        highs.push(first + (high < 0 ? blockSize : high));
        low = high < 0 ? -1 : found.indexOf(0, high);
      }
    }
    lows.push(this.#end as number);
    highs.push(Number.MAX_SAFE_INTEGER);
    return { lows, highs };
  }

  /** Those of some reports, in the order of their numbers, that were not found before. */
  #take(reports: readonly ReportRow[]): ReportRow[] {
    const highest = reports.at(-1)?.sequence;
    if (highest !== undefined) this.#goBeyond(firstOf(highest));
    return reports.filter(({ sequence }) => this.#note(sequence));
  }

  /** Notes that a report was found. @returns whether it is new, and another server's */
  #note(sequence: number): boolean {
    const first = firstOf(sequence);
    const block = this.#open.get(first);
    if (block === undefined) return false;
    // It was being taken when it was looked at first.
    if (this.parts.own.has(first)) this.#open.delete(first);
    if (this.parts.own.has(first) || block.found[sequence - first] === 1) return false;
    block.found[sequence - first] = 1;
    if (--block.left === 0) this.#open.delete(first);
    return true;
  }
}

/** The first number of the block of a number. */
function firstOf(number: number): number {
  return number - ((number - 1) % blockSize);
}

/** All in one statement, so all of one moment: a report is not found before an earlier one of its device. */
const inParts = `
  SELECT r.* FROM unnest($1::bigint[], $2::bigint[]) AS part (low, high) CROSS JOIN LATERAL (
    SELECT ${reportColumns} FROM report WHERE report.sequence >= part.low AND report.sequence < part.high
    ORDER BY report.sequence LIMIT $3::int
  ) AS r ORDER BY r.sequence LIMIT $3::int`;

/** The first number of the next block, with the numbers of the reports in those before it. */
const stored = `
  SELECT n.it::float8 AS "end", r.sequence::float8 AS number FROM (SELECT ${nextBlock} AS it) AS n
  LEFT JOIN report AS r ON r.sequence >= n.it - ${blocksBefore * blockSize}`;
