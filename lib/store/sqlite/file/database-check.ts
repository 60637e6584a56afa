// Owns the check of a database: its pages, its tables, the index of the reports, and files left over beside it. Never
// changes anything.

import { Database } from "bun:sqlite";
import { readdirSync, statfsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { reservedIds } from "../../../protocol/fields.ts";
import type { StoreCheck } from "../../../server/store-care.ts";
import { realPathOf } from "./database-file.ts";
import { isLeftover } from "./durable-file.ts";
import { isServed } from "./instance-lock.ts";
import { openReadOnly } from "./open-database.ts";
import { chunkOf, chunkSize } from "../reports/report-chunks.ts";
import { migrate, schemaVersion } from "./schema.ts";
import { closeDatabase } from "./statements.ts";

const sentencesMax = 10;

/**
 * Checks a database, whether it is served or not.
 * @throws OperatingError those of `openReadOnly`
 */
export function checkDatabase(path: string): StoreCheck {
  const file = realPathOf(path);
  const database = openReadOnly(path);
  const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  try {
    const damage = integrityOf(database);
    if (damage.length === 0) damage.push(...schemaDamageOf(database));
    if (damage.length === 0) damage.push(...attempt(() => indexDamageOf(database), "index"));
    if (damage.length === 0) damage.push(...attempt(() => alertDamageOf(database), "alerts"));
    return {
      schema: schemaVersion,
      served: isServed(path),
      bytes: size(file),
      logBytes: size(`${file}-wal`),
      freeBytes: numberOf(
        database,
        "SELECT freelist_count * page_size AS it FROM pragma_freelist_count, pragma_page_size",
      ),
      diskFreeBytes: diskFreeBytesOf(file),
      devices: countOf(database, "registrar"),
      sessions: countOf(database, "login"),
      reports: countOf(database, "data"),
      reservedIds: damage.length === 0 ? reservedIdsIn(database) : [],
      damage: damage.slice(0, sentencesMax),
      ...besides(file),
    };
  } finally {
    closeDatabase(database);
  }
}

/**
 * Checks every page of a database.
 * @returns what is wrong, at most ten sentences; empty if nothing is
 */
export function integrityOf(database: Database): string[] {
  return attempt(() => {
    const rows = database
      .query<{ integrity_check: string }, []>(`PRAGMA integrity_check(${sentencesMax})`)
      .all()
      .flatMap((row) => row.integrity_check.split("\n"));
    return rows[0] === "ok" ? [] : rows;
  }, "pages");
}

/** Runs a check and reports an error of SQLite in it as damage. */
function attempt(look: () => string[], what: string): string[] {
  try {
    return look();
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    if (!/^SQLITE_(CORRUPT|NOTADB|ERROR)/.test(code)) throw error;
    return [`the ${what} cannot be read: ${message}`];
  }
}

/** Tables and indexes that are missing or differ from the schema; additional ones do no harm. */
function schemaDamageOf(database: Database): string[] {
  const fresh = new Database(":memory:");
  migrate(fresh, ":memory:");
  const partsOf = (of: Database) =>
    of
      .query<{ type: string; name: string; sql: string }, []>(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL",
      )
      .all();
  const found = new Map(partsOf(database).map(({ name, sql }) => [name, sql]));
  const expected = partsOf(fresh);
  fresh.close();
  return expected.flatMap(({ type, name, sql }) => {
    if (found.get(name) === sql) return [];
    return `the ${type} ${name} is ${found.has(name) ? "not as it should be" : "missing"}`;
  });
}

/** Chunks whose index lacks reports: those reports would not be found by their device. */
function indexDamageOf(database: Database): string[] {
  const first = numberOf(database, "SELECT coalesce(min(sequence), 0) AS it FROM data");
  const chunks = database.prepare<{ chunk: number }, [number]>(
    "SELECT chunk FROM report_chunk WHERE chunk > ? ORDER BY chunk",
  );
  const indexed = database.prepare<{ it: number }, [number]>(
    "SELECT coalesce(sum(length(places)), 0) / 2 AS it FROM report_index WHERE chunk = ?",
  );
  const stored = database.prepare<{ it: number }, [number, number]>(
    "SELECT count(*) AS it FROM data WHERE sequence >= ? AND sequence < ?",
  );
  const wrong: string[] = [];
  // The first chunk is skipped: retention may have removed its oldest reports, which then are still in the index.
  for (const { chunk } of chunks.all(chunkOf(first))) {
    const [low, high] = [chunk * chunkSize, (chunk + 1) * chunkSize];
    const [told, there] = [indexed.get(chunk)?.it ?? 0, stored.get(low, high)?.it ?? 0];
    if (told >= there) continue;
    wrong.push(`of ${there} reports from number ${low} on, the index knows ${told}`);
    if (wrong.length >= sentencesMax) break;
  }
  for (const statement of [chunks, indexed, stored]) statement.finalize();
  return wrong;
}

/** Numbers of alerts and of their messages that would be given again. */
function alertDamageOf(database: Database): string[] {
  return (["alert", "alert_delivery"] as const).flatMap((table) => {
    const column = table === "alert" ? "alert" : "delivery";
    const high = numberOf(
      database,
      `SELECT count(*) AS it FROM ${table} WHERE number > (SELECT coalesce(max(${column}), 0) FROM alert_mark)`,
    );
    return high === 0 ? [] : [`${high} rows of ${table} have numbers that would be given again`];
  });
}

function besides(file: string): Pick<StoreCheck, "leftovers" | "secondNames"> {
  const folder = dirname(file);
  const { dev, ino, nlink } = statSync(file);
  const names = readdirSync(folder).sort();
  const leftovers = names.filter(isLeftover).map((name) => {
    const path = join(folder, name);
    return { path, bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0 };
  });
  const secondNames = names
    .filter((name) => nlink > 1 && name.startsWith(`${basename(file)}.`))
    .map((name) => join(folder, name))
    .filter((path) => {
      const it = statSync(path, { throwIfNoEntry: false });
      return it?.dev === dev && it.ino === ino;
    });
  return { leftovers, secondNames };
}

function reservedIdsIn(database: Database): string[] {
  const all = reservedIds.map((id) =>
    database.query("SELECT id FROM registrar WHERE id = ?").get(id),
  );
  return all.flatMap((row) => (row === null ? [] : [(row as { id: string }).id]));
}

function countOf(database: Database, table: string): number | null {
  try {
    return numberOf(database, `SELECT count(*) AS it FROM ${table}`);
  } catch {
    return null;
  }
}

function numberOf(database: Database, sql: string): number {
  return (database.query(sql).get() as { it: number }).it;
}

function diskFreeBytesOf(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
}
