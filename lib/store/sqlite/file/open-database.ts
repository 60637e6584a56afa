// Owns opening a database: the checks before anything is written, the lock, every pragma with its reason, and the
// schema. Never changes a file that is damaged or belongs to another program: it refuses it by name.

import { constants, Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { OperatingError } from "../../../operating-error.ts";
import { checkFile, realPathOf, tryWriting } from "./database-file.ts";
import { corrupt, explain, foreign, isDamage } from "./database-refusal.ts";
import { type InstanceLock, isServed, takeInstanceLock } from "./instance-lock.ts";
import { type LegacyPort, migrateLegacy } from "../legacy/legacy.ts";
import { isLegacy } from "../legacy/legacy-rows.ts";
import { applicationId, migrate, newerSchema, schemaVersion, versionOf } from "./schema.ts";
import { closeDatabase } from "./statements.ts";

/** An open database and its lock. The store closes the database; release the lock after that. */
export type OpenDatabase = {
  readonly database: Database;
  readonly lock: InstanceLock;
  /** The file was copied while it was served, without its log: what the server stored last is missing. */
  readonly lacksLog: boolean;
  /** What is damaged among the stored reports, in words; null if nothing was found. */
  readonly damage: string | null;
};

/** Who wrote the database: nobody yet, this server, or the original system. */
type Kind = "new" | "ours" | "legacy";

/** The tables without which devices can be served. */
const reportTables: readonly string[] = ["data", "report_index"];

/** A database up to this size, in bytes, is checked page by page when it is opened, which takes a few 10 ms. */
const quickCheckBytesMax = 16 << 20;

/** How long a batch waits for another program's write lock, ms: meanwhile neither devices nor HTTP are served. */
export const batchWaitMs = 100;

// Keeps the connections reachable: a garbage-collected one would release its locks.
const open = new Set<Database>();

/**
 * Opens the database for the one server that may write to it; creates it if it does not exist, and migrates one of the
 * original system.
 * @param path the database; its directory must exist
 * @param legacy what the migration of a database of the original system needs
 * @throws OperatingError `database-in-use`, `database-unwritable`, `database-corrupt`, `database-foreign`,
 *   `database-linked`, `newer-schema`
 */
export async function openDatabase(path: string, legacy: LegacyPort): Promise<OpenDatabase> {
  const file = realPathOf(path);
  let lock: InstanceLock | null = null;
  let database: Database | null = null;
  try {
    checkFile(file, path);
    tryWriting(file);
    lock = takeInstanceLock(path);
    const hasLog = (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
    const isExamined = existsSync(file) && examineUntouched(file, path);
    database = connect(file);
    const kind = isExamined ? kindOf(database, path) : examine(database, path);
    if (kind === "legacy") await migrateLegacy(database, file, legacy);
    prepareToServe(database);
    migrate(database, path);
    const lacksLog = markServed(database) && !hasLog;
    // Until here another program may hold a lock for a moment. From now on devices wait for each batch.
    database.run(`PRAGMA busy_timeout = ${batchWaitMs}`);
    return keep(database, lock, { lacksLog, damage: reportDamageIn(database) });
  } catch (error) {
    if (database !== null) closeDatabase(database);
    lock?.release();
    throw explain(error, path);
  }
}

/**
 * Opens a database for reading, whether it is served or not. Changes nothing.
 * @throws OperatingError `no-database`, `database-corrupt`, `database-foreign`, `database-unwritable`, `newer-schema`
 */
export function openReadOnly(path: string): Database {
  const file = realPathOf(path);
  if (!existsSync(file)) {
    throw new OperatingError(
      "no-database",
      `There is no database ${path}.`,
      "Run this where the server was started, or name its database with --db.",
    );
  }
  let database: Database | null = null;
  try {
    const { atRest } = checkFile(file, path);
    database = connectToRead(file, atRest && !isServed(path));
    const kind = kindOf(database, path);
    if (kind !== "ours" || versionOf(database) < schemaVersion) {
      throw foreign(path, "If it is an older one of it, start iot-server with it once.");
    }
    return database;
  } catch (error) {
    if (database !== null) closeDatabase(database);
    throw explain(error, path);
  }
}

/**
 * Opens a second connection, for reading, in the process that serves the database. Does not open the file by any other
 * way than SQLite: on POSIX, closing any descriptor of a file releases all locks that the process has on it, and then
 * another process could remove the log under the server.
 */
export function openBeside(path: string): Database {
  const database = connectToRead(realPathOf(path), false);
  database.run(`PRAGMA busy_timeout = ${batchWaitMs}`);
  return database;
}

/**
 * Marks a database as served, in the file itself and not only in its log, so that a copy of the file alone is recognised.
 * @returns whether it was marked before: the last server did not close it, or it is a copy
 */
function markServed(database: Database): boolean {
  const { changes } = database.run("INSERT OR IGNORE INTO serving VALUES (1, 0)");
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  // From now on the log is not empty: an empty one, which any reader of a copy makes, is not the server's.
  database.run("UPDATE serving SET starts = starts + 1");
  return changes === 0;
}

function keep(
  database: Database,
  lock: InstanceLock,
  found: Pick<OpenDatabase, "lacksLog" | "damage">,
): OpenDatabase {
  open.add(database);
  const release = () => {
    open.delete(database);
    lock.release();
  };
  return { database, lock: { release }, ...found };
}

function connect(file: string): Database {
  // Only its owner may read it: it contains reports and password hashes. SQLite gives the files that it creates beside
  // it the same mode.
  if (!existsSync(file)) closeSync(openSync(file, "wx", 0o600));
  const database = new Database(file, { create: true, readwrite: true, strict: true });
  // Another process may hold a lock for a moment (`iot-server devices`).
  database.run("PRAGMA busy_timeout = 5000");
  return database;
}

/** @param atRest nobody has the database open: then it is read without creating a log, which needs write permission */
function connectToRead(file: string, atRest: boolean): Database {
  const database = atRest
    ? new Database(
        `${pathToFileURL(file).href}?immutable=1`,
        constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI,
      )
    : new Database(file, { readonly: true });
  database.run("PRAGMA busy_timeout = 5000");
  return database;
}

/**
 * Examines a database on a read-only connection, so that one that is refused stays unchanged: closing a writable
 * connection would move the log into the database.
 * @returns false if a read-only connection cannot read it, because its journal must be rolled back first
 */
function examineUntouched(file: string, path: string): boolean {
  const { atRest } = checkFile(file, path);
  let database: Database | null = null;
  try {
    database = connectToRead(file, atRest);
    examine(database, path);
    return true;
  } catch (error) {
    if (/^SQLITE_(READONLY|CANTOPEN)/.test((error as { code?: string }).code ?? "")) return false;
    throw error;
  } finally {
    if (database !== null) closeDatabase(database);
  }
}

function examine(database: Database, path: string): Kind {
  const kind = kindOf(database, path);
  if (!isSmall(database)) return kind;
  if (kind !== "ours") refuseDamage(damageIn(database), path);
  refuseDamage(sharedPageIn(database), path);
  const tables = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all();
  // Devices can be served where only reports are damaged: these are looked at later.
  const needed = tables.filter(({ name }) => !reportTables.includes(name));
  for (const { name } of needed) refuseDamage(damageIn(database, name), path);
  return kind;
}

/**
 * Says which page is used twice, or that the list of free pages is damaged; null if neither is. The check of a table does
 * not see it, and new reports would overwrite stored ones.
 */
function sharedPageIn(database: Database): string | null {
  const statement = database.prepare<{ quick_check: string }, []>("PRAGMA quick_check(10000)");
  try {
    for (const row of statement.iterate()) {
      const said = row.quick_check.split("\n");
      const shared = said.find((line) => /^Freelist|2nd reference/i.test(line));
      if (shared !== undefined) return shared;
    }
  } catch (error) {
    // All pages are looked at before the first row is read, and a damaged one of the reports ends the reading of rows.
    if (!isDamage(error)) throw error;
  } finally {
    statement.finalize();
  }
  return null;
}

/** What is wrong with the stored reports of a small database, or null. */
function reportDamageIn(database: Database): string | null {
  if (!isSmall(database)) return null;
  for (const table of reportTables) {
    const damage = damageIn(database, table);
    if (damage !== null) return `${table}: ${damage}`;
  }
  return null;
}

function isSmall(database: Database): boolean {
  const size = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
  const { bytes } = database.query<{ bytes: number }, []>(size).get() as { bytes: number };
  return bytes <= quickCheckBytesMax;
}

/** What is wrong with a table, or with the whole database; null if nothing is. */
function damageIn(database: Database, table?: string): string | null {
  const only = table === undefined ? "(1)" : `('${table}')`;
  try {
    const [first] = database.query<{ quick_check: string }, []>(`PRAGMA quick_check${only}`).all();
    const words = first?.quick_check ?? "no answer to quick_check";
    // The first line only names the database; the rest says what is wrong.
    return words === "ok" ? null : (words.split("\n").at(-1) as string);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return (error as Error).message;
  }
}

function refuseDamage(damage: string | null, path: string): void {
  if (damage !== null) throw corrupt(path, damage);
}

/**
 * Tells who wrote a database, by its application id, its version and its tables.
 * @throws OperatingError `database-foreign`, `newer-schema`
 */
function kindOf(database: Database, path: string): Kind {
  const { mark } = database
    .query<{ mark: number }, []>("SELECT application_id AS mark FROM pragma_application_id")
    .get() as { mark: number };
  const version = versionOf(database);
  if (mark === applicationId) {
    if (version > schemaVersion) throw newerSchema(version, path);
    return "ours";
  }
  if (mark !== 0 || version !== 0) throw foreign(path);
  const anything = database.query("SELECT 1 FROM sqlite_master LIMIT 1").get();
  if (anything === null) return "new";
  if (isLegacy(database)) return "legacy";
  throw foreign(path);
}

function prepareToServe(database: Database): void {
  // Readers and the writer do not block each other, and a commit is one append and one fsync.
  database.run("PRAGMA journal_mode = WAL");
  // An ACK means that the data is on the disk. NORMAL would lose acknowledged rows in a power failure.
  database.run("PRAGMA synchronous = FULL");
  // A checkpoint every 4,096 pages: fewer, larger ones cost less per row than the default of 1,000 pages.
  database.run("PRAGMA wal_autocheckpoint = 4096");
  // 64 MB: a log that grew beyond it in a burst is truncated to this size after a checkpoint.
  database.run("PRAGMA journal_size_limit = 67108864");
  // 32 MB: enough for the inner pages of `registrar` with a million devices.
  database.run("PRAGMA cache_size = -32768");
  database.run("PRAGMA temp_store = MEMORY");
}
