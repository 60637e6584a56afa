// Owns scans of the reports in a range of numbers and times, of one device or of all, in either order, a query for each few.
// Never writes.

import type { ReportRow } from "../../../server/rows.ts";
import type { Messages, MessageScan, ReportRange, Scan } from "../../../server/store-reads.ts";
import type { Readers } from "../connection/readers.ts";
import { reportColumns, reportOf } from "../rows/columns.ts";
import { type ChunkSummaries, finite } from "./chunk-summaries.ts";
import { chunkOf, chunkSize } from "./horizon.ts";

const separator = "\x1f";

/** Numbers from `low` to below `high`. */
type Part = { readonly low: number; readonly high: number };

/**
 * A query for each few, so it is of no single moment: a report that another server stores meanwhile is in it if the scan has
 * not passed its number. An export has what was there when it began, and may have some of what came since; a page of a list
 * begins where the one before ended, and a newest report with a lower number than others is on the first page for those who
 * load it again. What must miss nothing goes by `finalBelow` instead.
 */
export class PostgresScan implements Scan<ReportRow> {
  done: boolean;
  /** What is left, in the order of the scan; null before the first step. */
  #parts: Part[] | null = null;

  /** @param id of one device, or null for all */
  constructor(
    private readonly readers: Readers,
    private readonly summaries: ChunkSummaries,
    private readonly id: string | null,
    private readonly range: ReportRange,
    private readonly order: "newest" | "oldest",
  ) {
    this.done = range.low >= range.high;
  }

  /** At most `limit` of the next reports, possibly none. */
  async next(limit: number): Promise<readonly ReportRow[]> {
    if (this.done || limit <= 0) return [];
    const parts = (this.#parts ??= await this.#partsOfRange());
    const part = parts[0];
    const rows = part === undefined ? [] : await this.#read(part, limit);
    if (part !== undefined) {
      const last = rows.at(-1);
      if (rows.length < limit || last === undefined) parts.shift();
      else if (this.order === "oldest") parts[0] = { ...part, low: last.sequence + 1 };
      else parts[0] = { ...part, high: last.sequence };
    }
    this.done = parts.length === 0;
    return rows;
  }

  /** Where times are given, only the chunks that have them are read: each step is short, also if it finds nothing. */
  async #partsOfRange(): Promise<Part[]> {
    const { low, high, from, to } = this.range;
    if (from === undefined && to === undefined) return [{ low, high }];
    const chunks = await this.summaries.between(from ?? -Infinity, to ?? Infinity);
    const parts = chunks.map(({ number }) => ({
      low: Math.max(low, number * chunkSize),
      high: Math.min(high, (number + 1) * chunkSize),
    }));
    const own = parts.filter((part) => part.low < part.high);
    return this.order === "oldest" ? own : own.reverse();
  }

  async #read({ low, high }: Part, limit: number): Promise<ReportRow[]> {
    const { from = -Infinity, to = Infinity } = this.range;
    const rows = await this.readers.read(
      `SELECT ${reportColumns} FROM report
       WHERE sequence >= $1::float8::bigint AND sequence < $2::float8::bigint
         AND at >= $3::float8::bigint AND at <= $4::float8::bigint ${this.id === null ? "" : "AND device = $6"}
       ORDER BY report.sequence ${this.order === "newest" ? "DESC" : ""} LIMIT $5::int`,
      [
        finite(low),
        finite(high),
        finite(from),
        finite(to),
        limit,
        ...(this.id === null ? [] : [this.id]),
      ],
    );
    return rows.map(reportOf);
  }
}

/** A scan of one device's messages with numbers from `low` to below `high`, oldest first. */
export class PostgresMessageScan implements MessageScan {
  done: boolean;
  #low: number;

  constructor(
    private readonly readers: Readers,
    private readonly id: string,
    low: number,
    private readonly high: number,
  ) {
    this.#low = low;
    this.done = low >= high;
  }

  /** At most `limit` of the next messages, of one chunk. */
  async next(limit: number): Promise<Messages> {
    if (this.done || limit <= 0)
      return { base: 0, places: new Uint16Array(0), bytes: new Uint8Array(0) };
    const rows = await this.readers.read<{
      sequence: number;
      message: string;
      raw: Uint8Array | null;
    }>(
      `SELECT sequence::float8 AS sequence, message, message_raw AS raw FROM report
       WHERE device = $1 AND sequence >= $2::float8::bigint AND sequence < $3::float8::bigint
       ORDER BY report.sequence LIMIT $4::int`,
      [this.id, this.#low, this.high, limit],
    );
    const chunk = chunkOf(rows[0]?.sequence ?? 0);
    const base = chunk * chunkSize;
    // A place has 16 bits.
    const taken = rows.filter(({ sequence }) => chunkOf(sequence) === chunk);
    this.#low = (taken.at(-1)?.sequence ?? 0) + 1;
    this.done = taken.length === rows.length && rows.length < limit;
    const texts = taken.map(({ message, raw }) =>
      raw === null ? message : Buffer.from(raw).toString(),
    );
    const bytes = Buffer.from(texts.map((text) => text + separator).join(""));
    return { base, places: Uint16Array.from(taken, ({ sequence }) => sequence - base), bytes };
  }
}
