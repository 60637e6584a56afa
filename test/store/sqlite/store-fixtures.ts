// Fixtures of the store's tests: folders, databases, operations in short form. The run's temporary folder holds all
// files, so that nothing outlives the run.

import { Database } from "bun:sqlite";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatingError } from "../../../lib/operating-error.ts";
import type { Operation } from "../operations.ts";
import type { LegacyPort } from "../../../lib/store/sqlite/legacy/legacy.ts";
import { migrate } from "../../../lib/store/sqlite/file/schema.ts";
import type { SqliteStore } from "../../../lib/store/sqlite/sqlite-store.ts";
import { operate } from "../operations.ts";
import { lastReports } from "./last-reports.ts";
import { startOfTime } from "../fixtures.ts";

/** A path in a new folder of its own. */
export function newPath(name = "iot_server.db"): string {
  return join(mkdtempSync(join(tmpdir(), "iot-store-")), name);
}

/** A database in memory with the current schema. */
export function newDatabase(): Database {
  const database = new Database(":memory:", { strict: true });
  migrate(database, ":memory:");
  return database;
}

/** Creates a database from a script in test/fixtures. */
export function newDatabaseFrom(fixture: string, journalMode = "DELETE"): string {
  const path = newPath();
  const database = new Database(path, { create: true, readwrite: true });
  database.run(`PRAGMA journal_mode = ${journalMode}`);
  database.run(readFileSync(join(import.meta.dir, "../../fixtures", fixture), "utf8"));
  database.close();
  return path;
}

/** A port for openings that must not migrate. */
export const noLegacy: LegacyPort = {
  hashPassword: () => Promise.reject(new Error("nothing is to be hashed")),
  onProgress: () => {},
  onNote: () => {},
  now: () => startOfTime,
};

/** A port that records what it is told; its hashes show what they were made of. */
export function newLegacyPort() {
  const told = { notes: [] as string[], progress: [] as string[], hashed: [] as string[] };
  const port: LegacyPort = {
    hashPassword: (password) => {
      told.hashed.push(password);
      return Promise.resolve(hashOf(password));
    },
    onProgress: (done, total) => void told.progress.push(`${done}/${total}`),
    onNote: (words) => void told.notes.push(words),
    now: () => startOfTime,
  };
  return { ...told, port };
}

/** Stands for the hash of a password. */
export function hashOf(password: string): string {
  return `hash:${Bun.SHA256.hash(password, "hex")}`;
}

/** The content of each file in a folder, except the lock. */
export function bytesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !name.endsWith(".lock"));
  return Object.fromEntries(
    names.sort().map((name) => {
      const path = join(folder, name);
      const content = statSync(path).isFile() ? readFileSync(path).toString("base64") : "no file";
      return [name, content];
    }),
  );
}

/** The code of the operating error that a call ends with, or "opened". */
export async function refusalOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "opened";
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    if (error.message === "" || error.nextStep === "")
      throw new Error("says nothing", { cause: error });
    return error.code;
  }
}

/** The messages of a device's newest reports, newest first. */
export function messagesOf(store: SqliteStore, device: string, count = 100): string[] {
  return lastReports(store.reader, device, count).map(({ message }) => message);
}

/** Stores `count` reports batch by batch, with the housekeeping that is due after each. */
export function storeMany(
  store: SqliteStore,
  count: number,
  reportAt: (i: number) => Operation,
): void {
  const batch = 1024;
  for (let first = 0; first < count; first += batch) {
    const length = Math.min(batch, count - first);
    operate(
      store,
      Array.from({ length }, (_, i) => reportAt(first + i)),
    );
    store.housekeep();
  }
}
