// The prepared statements of each connection. SQLite keeps a closed connection's files and locks for as long as one of
// its statements lives; so they are noted here, and end with it.

import type { Database, Statement } from "bun:sqlite";

const prepared = new WeakMap<Database, Statement[]>();

/** What a statement takes, in the order of its marks. */
type Values = (string | number | null | Uint8Array)[];

/** Prepares a statement that ends with its connection; see `closeDatabase`. */
export function prepare<Row = unknown>(database: Database, sql: string): Statement<Row, Values> {
  const statement = database.prepare<Row, Values>(sql);
  const statements = prepared.get(database);
  if (statements === undefined) prepared.set(database, [statement]);
  else statements.push(statement);
  return statement;
}

/** Closes a connection for good: its statements end, its files are let go. */
export function closeDatabase(database: Database): void {
  for (const statement of prepared.get(database) ?? []) statement.finalize();
  prepared.delete(database);
  database.close();
}
