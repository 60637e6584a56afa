// Opens a database for the one server that may write to it, and puts its parts together: the lock, the store, the reads on a
// connection of their own, the removal of old reports. Closes them in reverse.

import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import type { OperatingError } from "../../operating-error.ts";
import type { Opening, OpenStore, StoreSize } from "../../server/store-care.ts";
import type { Store } from "../../server/store-port.ts";
import { realPathOf } from "./file/database-file.ts";
import { logMissing, reportsDamaged } from "./file/database-refusal.ts";
import { FileGuard, logBytesMax, logGrows } from "./file/file-guard.ts";
import { openBeside, openDatabase } from "./file/open-database.ts";
import { migrate } from "./file/schema.ts";
import { closeDatabase } from "./file/statements.ts";
import { OperatorReader } from "./operator-reader.ts";
import { Retention } from "./reports/retention.ts";
import { AlertRows } from "./rows/alert-rows.ts";
import { SqliteAlerts } from "./sqlite-alerts.ts";
import { SqliteStore } from "./sqlite-store.ts";

/**
 * Opens a database.
 * @param path as the operator wrote it
 * @throws OperatingError as `openDatabase`
 */
export async function openSqlite(path: string, opening: Opening): Promise<OpenStore> {
  const { database, lock, lacksLog, damage } = await openDatabase(path, opening);
  const opened = [database];
  try {
    const { onTrouble } = opening;
    const store = new SqliteStore(database, { damage, onTrouble }, new FileGuard(path));
    const remover = new Retention(database, store.chunks);
    const beside = openBeside(path);
    opened.push(beside);
    const reads = new OperatorReader(beside, store);
    const alerts = new SqliteAlerts(beside, store, new AlertRows(database));
    const warnings: OperatingError[] = [];
    if (lacksLog) warnings.push(logMissing(path));
    if (store.damage !== null) warnings.push(reportsDamaged(path, store.damage));
    return {
      reads,
      remover,
      alerts,
      warnings,
      get damage() {
        return store.damage;
      },
      loss: null,
      nodes: null,
      elsewhere: null,
      apply: (steps) => store.apply(steps),
      housekeep: () => store.housekeep(),
      openSessions: () => store.openSessions(),
      openCommands: () => store.openCommands(),
      noteError: (error) => store.noteError(error),
      watch: () => store.checkFile(),
      size: () => sizeOf(realPathOf(path)),
      close: () => {
        closeDatabase(beside);
        store.close();
        lock.release();
      },
    };
  } catch (error) {
    for (const one of opened.reverse()) closeDatabase(one);
    lock.release();
    throw error;
  }
}

/** A store without a file, which ends with the process: for what is only tried. */
export function openInMemory(): Store & { close(): void } {
  const database = new Database(":memory:", { strict: true });
  migrate(database, ":memory:");
  return new SqliteStore(database);
}

/** @param file the file itself, where the path is a symbolic link: SQLite keeps the log beside it */
function sizeOf(file: string): StoreSize {
  const bytesOf = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  const logBytes = bytesOf(`${file}-wal`);
  return { bytes: bytesOf(file), logBytes, logGrows: logBytes > logBytesMax ? logGrows : null };
}
