// Owns that one server at a time writes to a database: a lock that the connection holds, and an epoch that each start
// counts up and each batch asks for. So a server whose connection was lost notices that another one has taken over.

import { OperatingError } from "../../../operating-error.ts";
import type { Readers } from "../connection/readers.ts";
import type { Statement, Writer } from "../connection/writer.ts";

/** "iotS" in ASCII: the number of the lock in its database. */
const lockNumber = 0x696f7453;
/** How often a lock is asked for that a lost connection may still hold, and the pause between, ms. */
const triesMax = 20;
const pauseMs = 100;

/** What this server holds. */
export type Claim = {
  readonly epoch: number;
  /** The process of the connection that holds the lock. */
  readonly pid: number;
};

/**
 * Takes the lock of the database for this connection.
 * @param locks false behind a pooler, where a lock would outlive its session: there the latest start wins
 * @throws OperatingError `store-in-use`
 */
export async function lock(writer: Writer, locks: boolean, shown: string): Promise<void> {
  if (!locks || (await isLocked(writer))) return;
  const [holder] = await writer.query(
    `SELECT a.application_name AS name, coalesce(host(a.client_addr), 'this machine') AS host
     FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
     WHERE l.locktype = 'advisory' AND l.objid = ${lockNumber} AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  const who =
    holder === undefined ? "" : ` (${String(holder["name"])}, from ${String(holder["host"])})`;
  throw new OperatingError(
    "store-in-use",
    `Another iot-server uses ${shown}${who}.`,
    "Stop it first. One server at a time can use a database so far.",
  );
}

/** Counts up the epoch: batches of servers that began earlier are refused from now on. */
export async function begin(writer: Writer): Promise<Claim> {
  const [row] = await writer.query(
    "UPDATE meta SET epoch = epoch + 1 RETURNING epoch::float8 AS epoch, pg_backend_pid() AS pid",
  );
  return { epoch: row?.["epoch"] as number, pid: row?.["pid"] as number };
}

/**
 * Takes the lock again over a new connection, and ends what is left of the one before.
 * @param name the name of this server's sessions, which no other has
 * @returns null if another server has taken the database meanwhile
 */
export async function resume(
  writer: Writer,
  before: Claim,
  name: string,
  locks: boolean,
): Promise<Claim | null> {
  await writer.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2",
    [before.pid, name],
  );
  if (locks && !(await isLocked(writer))) return null;
  const [row] = await writer.query(
    "SELECT pg_backend_pid() AS pid FROM meta WHERE epoch = $1::float8",
    [before.epoch],
  );
  return row === undefined ? null : { epoch: before.epoch, pid: row["pid"] as number };
}

/** Whether a server holds the lock. */
export async function isLockHeld(readers: Readers): Promise<boolean> {
  const rows = await readers.read(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lockNumber} AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.length > 0;
}

/** Gives the lock up, so that the next server need not wait until PostgreSQL notices that this one is gone. */
export const unlocking: Statement = [`SELECT pg_advisory_unlock(${lockNumber})`];

/** Tries for a while: PostgreSQL may not have noticed yet that a server is gone. */
async function isLocked(writer: Writer): Promise<boolean> {
  for (let tries = 0; tries < triesMax; tries++) {
    const [row] = await writer.query(`SELECT pg_try_advisory_lock(${lockNumber}) AS has`);
    if (row?.["has"] === true) return true;
    await Bun.sleep(pauseMs);
  }
  return false;
}
