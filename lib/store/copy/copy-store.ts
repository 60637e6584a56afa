// Copies an SQLite database into an empty one of PostgreSQL: reports in batches, each noted as done in its own transaction,
// then all other rows in one; at the end both sides are compared. Prints nothing.

import { OperatingError } from "../../operating-error.ts";
import type { LegacyPort } from "../sqlite/legacy/legacy.ts";
import { explainSqlite } from "../sqlite/file/database-refusal.ts";
import type { PostgresAddress } from "../postgres/connection/address.ts";
import { explainPostgres } from "../postgres/connection/refusals.ts";
import { chunkOf } from "../postgres/reports/horizon.ts";
import { compare, isBeginning } from "./comparison.ts";
import { copiedTables, type Place, placeOf } from "./copied-tables.ts";
import { PostgresTarget } from "./postgres-target.ts";
import { copied, type CopiedReport } from "./report-rows.ts";
import { SqliteSource } from "./sqlite-source.ts";

/** What a copy needs from the program around it. */
export type CopyPort = LegacyPort & {
  /** The fingerprint of the source's key, which its devices pin; null if it has none. */
  readonly fingerprint: string | null;
  /** Whether the servers of the copy are to let an IP have many devices, even if none does so yet. */
  readonly sharedIp: boolean;
  readonly onCopied: (done: number, total: number) => void;
  readonly onCompared: (done: number, total: number) => void;
};

/** What was copied. */
export type Copied = {
  /** How many rows of each table. */
  readonly counts: Readonly<Record<string, number>>;
  /** SHA-256 over all rows, the same on both sides. */
  readonly hash: string;
  /** Whether a server must be started with --shared-ip. */
  readonly sharedIp: boolean;
};

/** How many rows are stored at once. */
const batch = 4_096;

/**
 * Copies a database. Goes on with a copy that was interrupted, and says so.
 * @param name the path of the SQLite database
 * @throws OperatingError with a next step; `copy-differs` if the sides differ at the end
 */
export async function copyStore(
  name: string,
  address: PostgresAddress,
  port: CopyPort,
): Promise<Copied> {
  try {
    const source = await SqliteSource.open(name, port);
    try {
      if (source.warning !== null) port.onNote(source.warning.message);
      const sharedIp = sharesIp(source, name) || port.sharedIp;
      const target = await PostgresTarget.open(address, {
        fingerprint: port.fingerprint,
        sharedIp,
      });
      try {
        return { ...(await fill(source, target, port)), sharedIp };
      } catch (error) {
        if (!(error instanceof OperatingError)) {
          port.onNote("The copy is not whole yet. Run it again: it goes on.");
        }
        throw error;
      } finally {
        await target.close();
      }
    } finally {
      source.close();
    }
  } catch (error) {
    const known = explainSqlite(error, name);
    throw known instanceof OperatingError ? known : explainPostgres(error, address);
  }
}

/** Whether devices share an IP. @throws OperatingError if they share more, which PostgreSQL does not keep */
function sharesIp(source: SqliteSource, name: string): boolean {
  for (const [what, words] of [
    ["mac_key", "one MAC"],
    ["ip, port", "one IP and port"],
  ] as const) {
    const ids = source.sharing(what);
    if (ids.length === 0) continue;
    const more = ids.length > 5 ? ` and ${ids.length - 5} more` : "";
    throw new OperatingError(
      "devices-share",
      `The devices ${ids.slice(0, 5).join(", ")}${more} of ${name} have ${words}, which PostgreSQL does not keep.`,
      "Start a server with it, and deregister all but one of them.",
    );
  }
  return source.sharing("ip").length > 0;
}

async function fill(
  source: SqliteSource,
  target: PostgresTarget,
  port: CopyPort,
): Promise<Omit<Copied, "sharedIp">> {
  const next = await beginningOf(source, target, port);
  const { low, high } = source.range();
  const others = copiedTables.reduce((sum, table) => sum + source.count(table), 0);
  const total = Math.max(0, high - low + 1) + others;
  let done = 0;
  await copyReports(source, target, next, (last) => {
    done = last - low + 1;
    port.onCopied(done, total);
  });
  done = total - others;
  await copyRows(source, target, (count) => port.onCopied((done += count), total));
  const all = source.reportsBelow(Number.MAX_SAFE_INTEGER) + others;
  let compared = 0;
  const onRows = (count: number) => port.onCompared((compared += count), all);
  const { difference, ...found } = await compare(source, target, onRows);
  if (difference !== null) {
    await target.spoil();
    throw new OperatingError(
      "copy-differs",
      `${target.name} is not the same as ${source.name}: ${difference} differs.`,
      "Run the copy again: it starts from the beginning.",
    );
  }
  await target.finish(port.now());
  return found;
}

/** Prepares the target; returns the number of the first report to copy. */
async function beginningOf(
  source: SqliteSource,
  target: PostgresTarget,
  port: CopyPort,
): Promise<number> {
  const { before, name } = target;
  if (before !== null && !before.finished) {
    const { next } = before;
    const how = `in ${name}, where a copy was interrupted`;
    if (next > 0 && (await isBeginning(source, target, next))) {
      port.onNote(`Going on ${how}: reports below number ${next} are there.`);
      return next;
    }
    const why = next === 0 ? "" : `: what it left is not of ${source.name} as it is now`;
    port.onNote(`Starting again ${how}${why}.`);
  }
  await target.restart(source.name);
  return 0;
}

/** Copies reports; the next batch is read while one is stored. @param onStored called with the number of the last one */
async function copyReports(
  source: SqliteSource,
  target: PostgresTarget,
  first: number,
  onStored: (last: number) => void,
): Promise<void> {
  let reports = readBatch(source, first);
  while (reports.length > 0) {
    const last = (reports.at(-1) as CopiedReport).sequence;
    const storing = target.storeReports(reports, last + 1);
    try {
      reports = readBatch(source, last + 1);
    } finally {
      await storing;
    }
    onStored(last);
  }
}

/** The next reports of one chunk with their keys. */
function readBatch(source: SqliteSource, from: number): CopiedReport[] {
  const rows = source.reports(from, batch);
  const chunk = chunkOf(rows[0]?.sequence ?? 0);
  return rows.filter(({ sequence }) => chunkOf(sequence) === chunk).map(copied);
}

/** Copies all other tables in one transaction. */
async function copyRows(
  source: SqliteSource,
  target: PostgresTarget,
  onStored: (count: number) => void,
): Promise<void> {
  await target.beginRows();
  for (const table of copiedTables) {
    for (let after: Place | undefined = table.below; after !== undefined;) {
      const rows = source.rows(table, after, batch);
      if (rows.length > 0) await target.storeRows(table, rows);
      onStored(rows.length);
      const last = rows.at(-1);
      after = last === undefined ? undefined : placeOf(table, last);
    }
  }
  await target.commitRows(source.numbers(), source.service());
}
