// Opens the database of a server: the lock, the checks before anything is written, every pragma with its reason, the
// schema. A file that is not ours, or is damaged, is refused with its name and stays as it is.

import { Database } from "bun:sqlite";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { OperatingError } from "../operating-error.ts";
import { type InstanceLock, takeInstanceLock } from "./instance-lock.ts";
import { applicationId, migrate, versionOf } from "./schema.ts";

/** An open database and its lock. */
export type OpenDatabase = { readonly database: Database; readonly lock: InstanceLock };

/** Brings a database of the original system up to date in place; resolves when it is one of ours. */
export type MigrateLegacy = (database: Database, path: string) => Promise<void>;

/** A file up to this size is checked page by page at the start, in bytes: it takes a few hundredths of a second. */
const quickCheckBytesMax = 16 << 20;
const headerText = "SQLite format 3\0";

// A Database that nothing refers to is collected, and its locks go with it.
const open = new Set<Database>();

/**
 * Opens or makes the database, alone.
 * @param path a file; its directory exists
 * @throws OperatingError `database-in-use`, `database-unwritable`, `database-corrupt`, `database-foreign`,
 *   `newer-schema`
 */
export async function openDatabase(
  path: string,
  migrateLegacy: MigrateLegacy,
): Promise<OpenDatabase> {
  const lock = takeInstanceLock(path);
  let database: Database | null = null;
  try {
    if (existsSync(path)) checkHeader(path);
    database = connect(path);
    await prepare(database, path, migrateLegacy);
    open.add(database);
    return { database, lock };
  } catch (error) {
    database?.close();
    lock.release();
    throw explain(error, path);
  }
}

/**
 * Opens a database to read, whether it is served or not; changes nothing.
 * @throws OperatingError `no-database`, `database-corrupt`, `database-foreign`, `newer-schema`
 */
export function openReadOnly(path: string): Database {
  if (!existsSync(path)) {
    throw new OperatingError(
      "no-database",
      `There is no database ${path}.`,
      "Run this where the server was started, or name its database with --db.",
    );
  }
  checkHeader(path);
  try {
    const database = new Database(path, { readonly: true });
    database.run("PRAGMA busy_timeout = 5000");
    if (kindOf(database) !== "ours")
      throw foreign(path, "Start iot-server with it once; it is then migrated.");
    return database;
  } catch (error) {
    throw explain(error, path);
  }
}

function connect(path: string): Database {
  const database = new Database(path, { create: true, readwrite: true, strict: true });
  // Another process may read for a moment (`iot-server devices`).
  database.run("PRAGMA busy_timeout = 5000");
  return database;
}

async function prepare(
  database: Database,
  path: string,
  migrateLegacy: MigrateLegacy,
): Promise<void> {
  const bytes = (
    database
      .query("SELECT page_count * page_size AS it FROM pragma_page_count, pragma_page_size")
      .get() as { it: number }
  ).it;
  if (bytes <= quickCheckBytesMax) quickCheck(database, path);
  const kind = kindOf(database);
  if (kind === "foreign") throw foreign(path, "Give --db another file.");
  if (kind === "legacy") await migrateLegacy(database, path);
  // Readers are not in the writer's way, and a commit is one append and one fsync.
  database.run("PRAGMA journal_mode = WAL");
  // An ACK means it is on the disk: NORMAL loses acknowledged rows when the power goes.
  database.run("PRAGMA synchronous = FULL");
  // A checkpoint every 4,096 pages: fewer and larger ones cost less a row than the default of 1,000.
  database.run("PRAGMA wal_autocheckpoint = 4096");
  // After a burst the log shrinks again.
  database.run("PRAGMA journal_size_limit = 67108864");
  // 32 MB: the registrar's inner pages of a million devices.
  database.run("PRAGMA cache_size = -32768");
  database.run("PRAGMA temp_store = MEMORY");
  migrate(database, path);
}

/** Whose database it is, by its mark and its tables. */
function kindOf(database: Database): "new" | "ours" | "legacy" | "foreign" {
  const mark = (database.query("PRAGMA application_id").get() as { application_id: number })
    .application_id;
  if (mark === applicationId) return "ours";
  const tables = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
    .map((row) => row.name.toLowerCase());
  if (tables.length === 0) return mark === 0 ? "new" : "foreign";
  return mark === 0 && versionOf(database) === 0 && tables.includes("registrar")
    ? "legacy"
    : "foreign";
}

function quickCheck(database: Database, path: string): void {
  const [first] = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").all();
  if (first?.quick_check !== "ok")
    throw corrupt(path, first?.quick_check ?? "no answer to quick_check");
}

/** Refuses a file that is no SQLite database, or one cut short, before SQLite touches it. */
function checkHeader(path: string): void {
  const file = openSync(path, "r");
  try {
    const header = Buffer.alloc(100);
    const size = fstatSync(file).size;
    if (size === 0) return;
    const read = readSync(file, header, 0, 100, 0);
    if (read < 100 || header.toString("latin1", 0, 16) !== headerText) {
      throw corrupt(path, "it is no SQLite database");
    }
    const stated = header.readUInt16BE(16);
    const pageBytes = stated === 1 ? 65_536 : stated;
    const pages = header.readUInt32BE(28);
    // With a write-ahead log beside it the file may lawfully be shorter than its header says.
    if (pages * pageBytes > size && !existsSync(`${path}-wal`)) {
      throw corrupt(path, `it is cut short: ${size} of ${pages * pageBytes} bytes`);
    }
  } finally {
    closeSync(file);
  }
}

function corrupt(path: string, detail: string): OperatingError {
  return new OperatingError(
    "database-corrupt",
    `${path} is damaged: ${detail}. It was not changed.`,
    "Restore a backup, or try `sqlite3 " +
      path +
      " .recover`; or give --db another file to start anew.",
  );
}

function foreign(path: string, nextStep: string): OperatingError {
  return new OperatingError(
    "database-foreign",
    `${path} is not a database of iot-server.`,
    nextStep,
  );
}

function explain(error: unknown, path: string): unknown {
  if (error instanceof OperatingError) return error;
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  if (code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB"))
    return corrupt(path, message);
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|IOERR|FULL)/.test(code)) {
    return new OperatingError(
      "database-unwritable",
      `${path} cannot be opened for writing: ${message}.`,
      "Check the disk and the rights of this user, or give another --db.",
    );
  }
  return error;
}
