// Opens a database for the one server that may write to it, and puts its parts together: the lock, the store, the reads on a
// connection of their own, the removal of old reports. Closes them in reverse.

import { statSync } from "node:fs";
import type { OperatingError } from "../../operating-error.ts";
import type { Opening, OpenStore, StoreSize } from "../../server/store-care.ts";
import { realPathOf } from "./file/database-file.ts";
import { logMissing, reportsDamaged } from "./file/database-refusal.ts";
import { FileGuard, logBytesMax, logGrows } from "./file/file-guard.ts";
import { openBeside, openDatabase } from "./file/open-database.ts";
import { closeDatabase } from "./file/statements.ts";
import { OperatorReader } from "./operator-reader.ts";
import { Retention } from "./reports/retention.ts";
import { SqliteStore } from "./sqlite-store.ts";

/**
 * Opens a database.
 * @param path as the operator wrote it
 * @throws OperatingError as `openDatabase`
 */
export async function openSqlite(path: string, opening: Opening): Promise<OpenStore> {
  const { database, lock, lacksLog, damage } = await openDatabase(path, opening);
  let store: SqliteStore;
  let remover: Retention;
  try {
    const { onTrouble } = opening;
    store = new SqliteStore(database, { damage, onTrouble }, new FileGuard(path));
    remover = new Retention(database, store.chunks);
  } catch (error) {
    closeDatabase(database);
    lock.release();
    throw error;
  }
  const warnings: OperatingError[] = [];
  if (lacksLog) warnings.push(logMissing(path));
  if (store.damage !== null) warnings.push(reportsDamaged(path, store.damage));
  const readsOf = once(() => {
    const beside = openBeside(path);
    return { beside, reads: new OperatorReader(beside, store) };
  });
  return {
    get reads() {
      return readsOf().reads;
    },
    get damage() {
      return store.damage;
    },
    remover,
    warnings,
    apply: (steps) => store.apply(steps),
    housekeep: () => store.housekeep(),
    openSessions: () => store.openSessions(),
    noteError: (error) => store.noteError(error),
    watch: () => store.checkFile(),
    size: () => sizeOf(realPathOf(path)),
    close: () => {
      if (readsOf.isMade()) closeDatabase(readsOf().beside);
      store.close();
      lock.release();
    },
  };
}

/** Makes a value when it is first asked for. */
function once<T>(make: () => T) {
  let made: { readonly value: T } | null = null;
  const get = () => (made ??= { value: make() }).value;
  return Object.assign(get, { isMade: () => made !== null });
}

/** @param file the file itself, where the path is a symbolic link: SQLite keeps the log beside it */
function sizeOf(file: string): StoreSize {
  const bytesOf = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  const logBytes = bytesOf(`${file}-wal`);
  return { bytes: bytesOf(file), logBytes, logGrows: logBytes > logBytesMax ? logGrows : null };
}
