// Owns the migration of a database of the original system, in place: the backup, the reading and the rewriting happen
// inside one transaction. Never leaves a mixture: a kill at any moment leaves the old database or the new one.

import type { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { comparableMac } from "../../../protocol/fields.ts";
import { backUp } from "./legacy-backup.ts";
import { isOurHash, type LegacyDevice, readLegacy } from "./legacy-rows.ts";
import { runMigrations } from "../file/schema.ts";
import type { Opening } from "../../../server/store-care.ts";

/** What the migration of a database of the original system needs. */
export type LegacyPort = Pick<Opening, "hashPassword" | "onProgress" | "onNote" | "now">;

/** How many passwords are hashed at the same time; each takes 19 MB. */
const hashesAtOnce = 4;
/** How long COMMIT waits for transactions of other programs, ms. */
const patienceMs = 30_000;

/**
 * Migrates a database of the original system. Only devices are taken over: sessions end, because the original does not
 * store when their devices were last heard; tables of other programs exist in the backup only.
 * @param file the database's file; the backup is made beside it
 * @throws errors of SQLite and of the file system; then the database has its old content
 */
export async function migrateLegacy(
  database: Database,
  file: string,
  port: LegacyPort,
): Promise<void> {
  database.run("PRAGMA foreign_keys = OFF");
  database.run("PRAGMA temp_store = MEMORY");
  // When COMMIT returns, the change is on the disk, and so is the removal of the journal from the directory.
  database.run("PRAGMA synchronous = EXTRA");
  // Plain-text passwords must not stay in free pages: secure_delete overwrites what is dropped from here on, and VACUUM
  // removes what the original dropped before.
  database.run("PRAGMA secure_delete = ON");
  database.run("VACUUM");
  database.run("BEGIN IMMEDIATE");
  try {
    const now = port.now();
    const backup = backUp(file, now);
    port.onNote(
      `This is a database of the original system. It is kept as ${backup}, with its passwords in plain text: delete it when you no longer need it.`,
    );
    const devices = readLegacy(database, port.onNote);
    const hashes = await hashAll(devices, port);
    dropAll(database);
    runMigrations(database, 0);
    insertAll(database, devices, hashes, now);
    database.run(`PRAGMA busy_timeout = ${patienceMs}`);
    database.run("COMMIT");
    port.onNote(`${devices.length} devices were taken over.`);
  } catch (error) {
    if (database.inTransaction) database.run("ROLLBACK");
    throw error;
  }
  // From here on only its owner may read it, as with a new database.
  chmodSync(file, 0o600);
  // If the database was in WAL mode, the log still has the old pages.
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** The hash of each device's password, in the order of the devices. */
async function hashAll(devices: readonly LegacyDevice[], port: LegacyPort): Promise<string[]> {
  const hashes = devices.map(({ password }) => password);
  const clear = [...hashes.keys()].filter((i) => !isOurHash(hashes[i] as string));
  const total = clear.length;
  let done = 0;
  if (total > 0) port.onProgress(0, total);
  const lane = async () => {
    for (let i = clear.shift(); i !== undefined; i = clear.shift()) {
      try {
        hashes[i] = await port.hashPassword(hashes[i] as string);
      } catch (error) {
        // Empties the queue, so that the other lanes stop too.
        clear.length = 0;
        throw error;
      }
      port.onProgress(++done, total);
    }
  };
  await Promise.all(Array.from({ length: hashesAtOnce }, lane));
  return hashes;
}

function dropAll(database: Database): void {
  // Virtual tables come before tables, because dropping one drops its shadow tables too.
  for (const which of ["view", "trigger", "virtual", "table"]) {
    const things = database
      .query<{ type: string; name: string }, [string]>(
        `SELECT type, name FROM sqlite_master
         WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
           AND ?1 = CASE WHEN sql LIKE 'CREATE VIRTUAL%' THEN 'virtual' ELSE type END`,
      )
      .all(which);
    for (const { type, name } of things) {
      database.run(`DROP ${type} "${name.replaceAll('"', '""')}"`);
    }
  }
}

function insertAll(
  database: Database,
  devices: readonly LegacyDevice[],
  hashes: readonly string[],
  now: number,
): void {
  const insert = database.prepare(
    `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)`,
  );
  for (const [i, { id, mac, ip, port }] of devices.entries()) {
    insert.run(id, mac, comparableMac(mac), ip, port, hashes[i] as string, now);
  }
  insert.finalize();
}
