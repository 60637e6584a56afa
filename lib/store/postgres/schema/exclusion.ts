// Owns that one server at a time writes to a database: a lock that the connection holds, and an epoch that each start
// counts up and each batch asks for, so that a server that lost its lock notices that another one has taken over. Behind a
// pooler, where a lock would outlive its session, a server renews its sign of life instead.

import { OperatingError } from "../../../operating-error.ts";
import type { Readers } from "../connection/readers.ts";
import type { Statement, Writer } from "../connection/writer.ts";

/** "iotS" in ASCII: the number of the lock in its database. */
const lockNumber = 0x696f7453;
/** How often a lock is asked for that a lost connection may still hold, and the pause between, ms. */
const triesMax = 20;
const pauseMs = 100;
/** For how long a sign of life counts, s; and how long a start waits for the end of one that is not renewed, ms. */
const aliveSeconds = 10;
const renewedMs = 12_000;

/** What this server holds. */
export type Claim = {
  readonly epoch: number;
  /** The process of the connection that holds the lock. */
  readonly pid: number;
};

/**
 * Takes the lock of the database for this connection.
 * @param locks false behind a pooler: there the sign of life of another server is looked for
 * @throws OperatingError `store-in-use`
 */
export async function lock(writer: Writer, locks: boolean, shown: string): Promise<void> {
  if (locks) {
    if (await isLocked(writer)) return;
    throw inUse(shown, await holderOf(writer));
  }
  if (await isRenewed(writer)) throw inUse(shown, "");
}

/**
 * What this server holds from now on.
 * @param takesOver whether batches of servers that began earlier are refused; not for a command
 */
export async function begin(writer: Writer, takesOver: boolean): Promise<Claim> {
  const [row] = await writer.query(
    `UPDATE meta SET epoch = epoch + $1::int, seen = CASE $1::int WHEN 1 THEN clock_timestamp() ELSE seen END
     RETURNING epoch::float8 AS epoch, pg_backend_pid() AS pid`,
    [Number(takesOver)],
  );
  return { epoch: row?.["epoch"] as number, pid: row?.["pid"] as number };
}

/**
 * Takes the lock again over a new connection, and ends what is left of the one before.
 * @param name the name of this server's sessions, which no other has
 * @returns null if another server has taken the database meanwhile
 * @throws Error while a command or what is left of a connection has the lock
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
  const has = !locks || (await isLocked(writer));
  const [row] = await writer.query(
    "SELECT pg_backend_pid() AS pid FROM meta WHERE epoch = $1::float8",
    [before.epoch],
  );
  if (row === undefined) return null;
  if (!has) throw new Error("another program has locked it");
  return { epoch: before.epoch, pid: row["pid"] as number };
}

/** Renews the sign of life of a server behind a pooler. */
export async function renew(readers: Readers, { epoch }: Pick<Claim, "epoch">): Promise<void> {
  await readers.read("UPDATE meta SET seen = clock_timestamp() WHERE epoch = $1::float8", [epoch]);
}

/** Whether a server has the database open. @param locks as for `lock` */
export async function isServed(readers: Readers, locks: boolean): Promise<boolean> {
  const rows = await readers.read(
    locks
      ? `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lockNumber} AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      : `SELECT 1 FROM meta WHERE seen > clock_timestamp() - interval '${aliveSeconds} s'`,
  );
  return rows.length > 0;
}

/** Gives the database up, so that the next server need not wait until it is noticed that this one is gone. */
export function leaving({ epoch }: Pick<Claim, "epoch">, locks: boolean): Statement {
  return locks
    ? [`SELECT pg_advisory_unlock(${lockNumber})`]
    : ["UPDATE meta SET seen = NULL WHERE epoch = $1::float8", [epoch]];
}

/** Tries for a while: PostgreSQL may not have noticed yet that a server is gone. */
async function isLocked(writer: Writer): Promise<boolean> {
  for (let tries = 0; tries < triesMax; tries++) {
    const [row] = await writer.query(`SELECT pg_try_advisory_lock(${lockNumber}) AS has`);
    if (row?.["has"] === true) return true;
    await Bun.sleep(pauseMs);
  }
  return false;
}

/** Whether a server lives: its sign is renewed. One that was killed leaves a sign behind that is not. */
async function isRenewed(writer: Writer): Promise<boolean> {
  const [made] = await writer.query("SELECT to_regclass('meta') IS NOT NULL AS it");
  if (made?.["it"] !== true) return false;
  const end = performance.now() + renewedMs;
  let first: unknown;
  while (performance.now() < end) {
    const [row] = await writer.query(
      `SELECT seen::text AS seen FROM meta WHERE seen > clock_timestamp() - interval '${aliveSeconds} s'`,
    );
    if (row === undefined) return false;
    first ??= row["seen"];
    if (row["seen"] !== first) return true;
    await Bun.sleep(pauseMs);
  }
  return true;
}

async function holderOf(writer: Writer): Promise<string> {
  const [holder] = await writer.query(
    `SELECT a.application_name AS name, coalesce(host(a.client_addr), 'this machine') AS host
     FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
     WHERE l.locktype = 'advisory' AND l.objid = ${lockNumber} AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return holder === undefined ? "" : ` (${String(holder["name"])}, from ${String(holder["host"])})`;
}

function inUse(shown: string, holder: string): OperatingError {
  return new OperatingError(
    "store-in-use",
    `Another iot-server uses ${shown}${holder}.`,
    "Stop it first. One server at a time can use a database so far.",
  );
}
