// Databases of the original system, migrated in place. (Placeholder until the migration lands in this file.)

import type { Database } from "bun:sqlite";

/** Brings a database of the original system up to date. */
export async function migrateLegacy(_database: Database, _path: string): Promise<void> {
  throw new Error("not yet");
}
