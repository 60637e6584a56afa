// Opens the database of a server: the checks before anything is written, the lock, every pragma with its reason, the
// schema. A file that is not ours, or is damaged, is refused with its name and stays as it is.

import { constants, Database } from "bun:sqlite";
import { closeSync, existsSync, openSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { OperatingError } from "../operating-error.ts";
import { checkFile, realPathOf, tryWriting } from "./database-file.ts";
import { corrupt, explain, foreign } from "./database-refusal.ts";
import { type InstanceLock, isServed, takeInstanceLock } from "./instance-lock.ts";
import { type LegacyPort, migrateLegacy } from "./legacy.ts";
import { isLegacy } from "./legacy-rows.ts";
import { applicationId, migrate, newerSchema, schemaVersion, versionOf } from "./schema.ts";
import { closeDatabase } from "./statements.ts";

/** An open database and its lock. The store closes the database; the lock is released after that. */
export type OpenDatabase = { readonly database: Database; readonly lock: InstanceLock };

/** Whose database it is. */
type Kind = "new" | "ours" | "legacy";

/** A file up to this size is checked page by page at the start, in bytes: it takes a few hundredths of a second. */
const quickCheckBytesMax = 16 << 20;

// A Database that nothing refers to is collected, and its locks go with it.
const open = new Set<Database>();

/**
 * Opens or makes the database, alone. A database of the original system is migrated.
 * @param path a file; its directory exists
 * @param legacy what the migration of a database of the original system needs
 * @throws OperatingError `database-in-use`, `database-unwritable`, `database-corrupt`, `database-foreign`,
 *   `newer-schema`
 */
export async function openDatabase(path: string, legacy: LegacyPort): Promise<OpenDatabase> {
  const file = realPathOf(path);
  let lock: InstanceLock | null = null;
  let database: Database | null = null;
  try {
    checkFile(file, path);
    tryWriting(file);
    lock = takeInstanceLock(path);
    const isExamined = existsSync(file) && examineUntouched(file, path);
    database = connect(file);
    const kind = isExamined ? kindOf(database, path) : examine(database, path);
    if (kind === "legacy") await migrateLegacy(database, file, legacy);
    prepareToServe(database);
    migrate(database, path);
    return keep(database, lock);
  } catch (error) {
    if (database !== null) closeDatabase(database);
    lock?.release();
    throw explain(error, path);
  }
}

/**
 * Opens a database to read, whether it is served or not; changes nothing.
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
 * Opens a second connection, to read, in the process that serves the database. It looks at no file by itself: on POSIX,
 * closing any descriptor of a file lets go all locks the process has on it, and the log could be removed under the
 * server.
 */
export function openBeside(path: string): Database {
  return connectToRead(realPathOf(path), false);
}

function keep(database: Database, lock: InstanceLock): OpenDatabase {
  open.add(database);
  const release = () => {
    open.delete(database);
    lock.release();
  };
  return { database, lock: { release } };
}

function connect(file: string): Database {
  // Its owner's alone: it holds what devices reported, and the hashes of their passwords. What SQLite makes beside it
  // gets the same mode.
  if (!existsSync(file)) closeSync(openSync(file, "wx", 0o600));
  const database = new Database(file, { create: true, readwrite: true, strict: true });
  // Another process may read for a moment (`iot-server devices`).
  database.run("PRAGMA busy_timeout = 5000");
  return database;
}

/** @param atRest nobody has it open: then no log is made beside it, which this user may not be allowed to */
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
 * Examines a database over a connection that cannot write: closing one that can would move the log of a database that
 * is then refused into it.
 * @returns false where it can only be told by one that writes (its log is to be rolled back first)
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
  const size = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
  const { bytes } = database.query<{ bytes: number }, []>(size).get() as { bytes: number };
  if (bytes <= quickCheckBytesMax) quickCheck(database, path);
  return kindOf(database, path);
}

function quickCheck(database: Database, path: string): void {
  const [first] = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").all();
  if (first?.quick_check === "ok") return;
  throw corrupt(path, first?.quick_check ?? "no answer to quick_check");
}

/**
 * Whose database it is, by its mark, its version and its tables.
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
}
