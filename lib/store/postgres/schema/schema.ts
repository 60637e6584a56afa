// Brings a database of PostgreSQL up to the schema of this release (migrations.ts). One with a newer schema is refused.
// Changes no table otherwise.

import { OperatingError } from "../../../operating-error.ts";
import type { Writer } from "../connection/writer.ts";
import { migrations } from "./migrations.ts";

/** "iotM" in ASCII: one server at a time migrates. */
const migrationLock = 0x696f744d;

/** The version of a database after all migrations. */
export const schemaVersion = migrations.length;

/** The number of migrations that a database has had; 0 for an empty one. */
export async function versionOf(writer: Pick<Writer, "query">): Promise<number> {
  const [row] = await writer.query("SELECT to_regclass('schema_version') IS NOT NULL AS is_there");
  if (row?.["is_there"] !== true) return 0;
  const [found] = await writer.query("SELECT version FROM schema_version");
  return Number(found?.["version"] ?? 0);
}

/**
 * Brings an empty database, or one of an earlier release, up to date in one transaction.
 * @param shown the database's address for people
 * @throws OperatingError `newer-schema`, `foreign-database`
 */
export async function migrate(writer: Writer, shown: string): Promise<void> {
  const version = await versionOf(writer);
  if (version > schemaVersion) throw newerSchema(version, shown);
  if (version === schemaVersion) return;
  if (version === 0) await assertEmpty(writer, shown);
  const lines = [
    "BEGIN",
    `SELECT pg_advisory_xact_lock(${migrationLock})`,
    ...(version === 0 ? ["CREATE TABLE schema_version (version int NOT NULL)"] : []),
    ...migrations.slice(version),
    "DELETE FROM schema_version",
    `INSERT INTO schema_version VALUES (${schemaVersion})`,
    "COMMIT",
  ];
  try {
    // One text, one simple query: PostgreSQL carries out all of it or nothing.
    await writer.query(lines.join(";\n"));
  } catch (error) {
    await writer.query("ROLLBACK");
    // Another server that started at the same moment was faster.
    if ((await versionOf(writer)) !== schemaVersion) throw error;
  }
}

/** The refusal of a database that a later release wrote. */
export function newerSchema(version: number, shown: string): OperatingError {
  return new OperatingError(
    "newer-schema",
    `${shown} was written by a newer iot-server (schema ${version}, this one knows ${schemaVersion}).`,
    "Use that iot-server, or give --store another database.",
  );
}

async function assertEmpty(writer: Writer, shown: string): Promise<void> {
  const [row] = await writer.query(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relname IN ('device', 'session', 'report')`,
  );
  if (row === undefined) return;
  throw new OperatingError(
    "foreign-database",
    `${shown} has a table ${String(row["name"])} that is not of iot-server.`,
    "Make a database of its own: createdb iot, and give --store its name.",
  );
}
