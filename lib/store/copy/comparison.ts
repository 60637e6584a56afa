// Compares a copy with its source after the last row is there: reads both again, page by page, and hashes what it read of
// each. Changes nothing.

import type { ReportRow } from "../../server/rows.ts";
import {
  type CopiedRow,
  copiedTables,
  type CopiedTable,
  type Place,
  placeOf,
} from "./copied-tables.ts";
import type { PostgresTarget } from "./postgres-target.ts";
import type { SqliteSource } from "./sqlite-source.ts";

/** What both sides have. */
export type Comparison = {
  /** The first difference, in words; null if there is none. */
  readonly difference: string | null;
  readonly counts: Readonly<Record<string, number>>;
  /** SHA-256 of all rows of each side, lower-case hex. */
  readonly hash: string;
};

/** How many rows are read at once. */
const page = 4_096;

/** @param onRows called with how many rows of a side were compared */
export async function compare(
  source: SqliteSource,
  target: PostgresTarget,
  onRows: (count: number) => void,
): Promise<Comparison> {
  const hashers = [new Bun.CryptoHasher("sha256"), new Bun.CryptoHasher("sha256")] as const;
  const counts: Record<string, number> = {};
  let difference: string | null = null;
  const take = (table: string, left: readonly string[], right: readonly string[]) => {
    counts[table] = (counts[table] ?? 0) + left.length;
    for (const [i, lines] of [left, right].entries()) hashers[i]?.update(`${lines.join("\n")}\n`);
    const at = Array.from({ length: Math.max(left.length, right.length) }, (_, i) => i);
    const differing = at.find((i) => left[i] !== right[i]);
    if (differing === undefined) return;
    const where = /^\[("[^"]*"|[^,\]]*)/.exec(left[differing] ?? right[differing] ?? "")?.[1];
    difference ??= `${table} ${where}`;
  };
  for (const table of copiedTables) {
    let after: Place | undefined = table.below;
    while (after !== undefined) {
      const there = target.rows(table, after, page);
      const rows = source.rows(table, after, page);
      take(table.table, rows.map(lineOf(table)), (await there).map(lineOf(table)));
      onRows(rows.length);
      const last = rows.at(-1);
      after = rows.length < page || last === undefined ? undefined : placeOf(table, last);
    }
  }
  for (let from: number | undefined = 0; from !== undefined;) {
    const there = target.reports(from, page);
    const rows = source.reports(from, page);
    take("report", rows.map(reportLine), (await there).map(reportLine));
    onRows(rows.length);
    const last: number | undefined = rows.at(-1)?.sequence;
    from = rows.length < page || last === undefined ? undefined : last + 1;
  }
  const [hash, other] = hashers.map((hasher) => hasher.digest("hex")) as [string, string];
  if (hash !== other) difference ??= "their hashes";
  return { difference, counts, hash };
}

/** Whether the reports with numbers below `next` seem to be those of the source: as many, and the latest are the same. */
export async function isBeginning(
  source: SqliteSource,
  target: PostgresTarget,
  next: number,
): Promise<boolean> {
  if (source.reportsBelow(next) !== (await target.countReports())) return false;
  const from = Math.max(0, next - page);
  const own = source.reports(from, page).filter(({ sequence }) => sequence < next);
  const there = await target.reports(from, page);
  return own.map(reportLine).join() === there.map(reportLine).join();
}

function lineOf({ columns }: CopiedTable): (row: CopiedRow) => string {
  const names = Object.keys(columns);
  return (row) => JSON.stringify(names.map((name) => row[name] ?? null));
}

function reportLine(row: ReportRow): string {
  const { sequence, device, time, received, at, code, message } = row;
  return JSON.stringify([sequence, device, time, received, at, code, message]);
}
