// Owns the list of prepared statements of each connection. SQLite keeps a closed connection's files and locks as long
// as one of its statements exists, so all of them are finalized with the connection. Never runs a statement.

import type { Database, Statement } from "bun:sqlite";

const prepared = new WeakMap<Database, Statement[]>();

/** The values that a statement takes, in the order of its placeholders. */
type Values = (string | number | null | Uint8Array)[];

/** Prepares a statement that `closeDatabase` finalizes with its connection. */
export function prepare<Row = unknown>(database: Database, sql: string): Statement<Row, Values> {
  const statement = database.prepare<Row, Values>(sql);
  const statements = prepared.get(database);
  if (statements === undefined) prepared.set(database, [statement]);
  else statements.push(statement);
  return statement;
}

/** Closes a connection: finalizes its statements, so that SQLite releases its files and locks. */
export function closeDatabase(database: Database): void {
  for (const statement of prepared.get(database) ?? []) statement.finalize();
  prepared.delete(database);
  database.close();
}
