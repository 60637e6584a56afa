// Owns that one process at a time is a node of a name, and that none is while a copy fills the database: locks that the
// connection holds, and an epoch that each start takes and each batch asks for. So a node that was paused, or whose name
// another process has taken, stores nothing. Behind a pooler, where a lock would outlive its session, signs of life count.

import { OperatingError } from "../../../operating-error.ts";
import type { Readers } from "../connection/readers.ts";
import type { Statement, Writer } from "../connection/writer.ts";

/** "iotS" in ASCII: the number of the lock of the database, and with a hash of the name that of a node. */
const lockNumber = 0x696f7453;
/** How often a lock is asked for that a lost connection may still hold, and the pause between, ms. */
const triesMax = 20;
const pauseMs = 100;
/** For how long a sign of life counts, s. */
export const aliveSeconds = 10;
/** For how long after it was sent it surely counts, s: less than for others, by what clocks and lines may differ. */
export const sureSeconds = 8;
/** How long a start waits for the end of a sign of life that is not renewed, ms. */
const renewedMs = 12_000;

/** What is shown of a node. */
export type NodeFacts = {
  readonly node: string;
  /** Where devices reach it; empty for a command. */
  readonly address: string;
  readonly version: string;
  /** As in `Opening.node`. */
  readonly settings: Readonly<Record<string, string>>;
};

/** What the batches of this process are fenced by. */
export type Fence = { readonly node: string; readonly epoch: number };

/** What this process holds. */
export type Claim = Fence & {
  /** The process of the connection that holds the locks. */
  readonly pid: number;
};

/** SQL that is true while this process may write; the numbers are those of the parameters with the node and the epoch. */
export function fenced(node: number, epoch: number): string {
  return `(SELECT epoch FROM node WHERE node = $${node} AND seen > clock_timestamp() - interval '${aliveSeconds} s') = $${epoch}::float8`;
}

/** SQL that is true until a time of the database's clock, ms since 1970: the parameter of this number. */
export function inTime(until: number): string {
  return `clock_timestamp() < to_timestamp($${until}::float8 / 1000)`;
}

/** The statement that returns a row while this process may write, until a time as for `inTime`. */
export function aliveNow({ node, epoch }: Fence, until = Infinity): Statement {
  return [`SELECT 1 WHERE ${fenced(1, 2)} AND ${inTime(3)}`, [node, epoch, until]];
}

/**
 * Takes the locks for this connection.
 * @param node the name of this node; null: nobody else may use the database, because a copy fills it
 * @param locks false behind a pooler: there the signs of life of others are looked for
 * @throws OperatingError `store-in-use`, `node-taken`
 */
export async function lock(
  writer: Writer,
  node: string | null,
  locks: boolean,
  shown: string,
): Promise<void> {
  const taken = node === null ? inUse : takenName(node);
  if (locks) {
    const isHad = node === null ? isLocked(writer, node) : isLockedInTime(writer, node);
    if (await isHad) return;
    throw taken(shown, await holderOf(writer, node));
  }
  if (await isRenewed(writer, node)) throw taken(shown, "");
}

/**
 * What this process holds from now on; batches of an earlier one of the same name are refused.
 * @param forEver whether it needs no signs of life: a copy, which nobody takes over
 */
export async function begin(
  writer: Writer,
  { node, address, version, settings }: NodeFacts,
  forEver = false,
): Promise<Claim> {
  const [row] = await writer.query(
    `INSERT INTO node (node, epoch, seen, since, address, version, settings)
     VALUES ($1, nextval('node_epoch'), CASE WHEN $4::boolean THEN 'infinity' ELSE clock_timestamp() END, clock_timestamp(), $2, $3, $5)
     ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch, seen = excluded.seen, since = excluded.since,
       address = excluded.address, version = excluded.version, settings = excluded.settings
     RETURNING epoch::float8 AS epoch, pg_backend_pid() AS pid`,
    [node, address, version, forEver, JSON.stringify(settings)],
  );
  // Those that no node has heard yet came with a copy.
  if (address !== "") {
    await writer.query("UPDATE session SET node = $1 WHERE node = '' AND ended IS NULL", [node]);
  }
  return { node, epoch: row?.["epoch"] as number, pid: row?.["pid"] as number };
}

/**
 * Takes the locks again over a new connection, and ends what is left of the one before.
 * @param name the name of this process's sessions, which no other has
 * @returns null if another process has taken the node's name meanwhile
 * @throws Error while a copy or what is left of a connection has a lock
 */
export async function resume(
  writer: Writer,
  before: Claim,
  name: string,
  locks: boolean,
): Promise<Claim | null> {
  await writer.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = $2 AND (pid = $1 OR $4::boolean AND pid IN (SELECT pid FROM (${holding(3)}) AS held))`,
    // Whoever holds the locks is another lane of this process if this one does not need them.
    [before.pid, name, before.node, locks],
  );
  const has = !locks || (await isLocked(writer, before.node));
  const [row] = await writer.query(
    "SELECT pg_backend_pid() AS pid FROM node WHERE node = $1 AND epoch = $2::float8",
    [before.node, before.epoch],
  );
  if (row === undefined) return null;
  if (!has) throw new Error("another program has locked it");
  return { ...before, pid: row["pid"] as number };
}

/** Whether a server has the database open. @param locks as for `lock` */
export async function isServed(readers: Readers, locks: boolean): Promise<boolean> {
  const rows = await readers.read(
    locks
      ? `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lockNumber} AND objsubid = 1 AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      : `SELECT 1 FROM node WHERE address <> '' AND seen > clock_timestamp() - interval '${aliveSeconds} s'`,
  );
  return rows.length > 0;
}

/**
 * Gives the name up, so that the next process need not wait until it is noticed that this one is gone. The row stays: the
 * silence of its sessions counts from now, which it has in `since`. That of a command has none, and goes.
 */
export function leaving({ node, epoch }: Fence): readonly Statement[] {
  return [
    ["SELECT pg_advisory_unlock_all()"],
    [
      `UPDATE node SET seen = clock_timestamp() - interval '${aliveSeconds} s', since = clock_timestamp() WHERE node = $1 AND epoch = $2::float8`,
      [node, epoch],
    ],
    ["DELETE FROM node WHERE node = $1 AND epoch = $2::float8 AND address = ''", [node, epoch]],
  ];
}

/** Tries for a while: PostgreSQL may not have noticed yet that a process is gone. */
async function isLocked(writer: Writer, node: string | null): Promise<boolean> {
  for (let tries = 0; tries < triesMax; tries++) {
    if (await isLockedNow(writer, node)) return true;
    await Bun.sleep(pauseMs);
  }
  return false;
}

async function isLockedNow(writer: Writer, node: string | null): Promise<boolean> {
  const own = "pg_try_advisory_lock($1::int, hashtext($2))";
  const [row] = await writer.query(
    node === null
      ? "SELECT pg_try_advisory_lock($1::bigint) AS has"
      : `SELECT CASE WHEN pg_try_advisory_lock_shared($1::bigint) THEN ${own} ELSE false END AS has`,
    node === null ? [lockNumber] : [lockNumber, node],
  );
  if (row?.["has"] === true) return true;
  // One of two is not enough.
  await writer.query("SELECT pg_advisory_unlock_all()");
  return false;
}

/**
 * The same for a node. PostgreSQL may not notice for hours that a machine, or the line to it, is gone: the connection that has
 * the lock of a node is ended when the node has given no sign of life for so long that it writes nothing any more.
 */
async function isLockedInTime(writer: Writer, node: string): Promise<boolean> {
  if (await isLocked(writer, node)) return true;
  if (await isRenewed(writer, node)) return false;
  await writer.query(`SELECT pg_terminate_backend(pid) FROM (${holding(1)}) AS held`, [node]);
  return isLocked(writer, node);
}

/** SQL for the connection that has the lock of a node. @param node the number of the parameter with its name */
function holding(node: number): string {
  return `SELECT l.pid FROM pg_locks AS l
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = ${lockNumber} AND l.objsubid = 2
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.objid::bigint = hashtext($${node})::bigint & 4294967295`;
}

/** Whether another process of this name lives, or any: its sign is renewed. One that was killed left one that is not. */
async function isRenewed(writer: Writer, node: string | null): Promise<boolean> {
  const [made] = await writer.query("SELECT to_regclass('node') IS NOT NULL AS it");
  if (made?.["it"] !== true) return false;
  const end = performance.now() + renewedMs;
  let first: unknown;
  while (performance.now() < end) {
    const [row] = await writer.query(
      `SELECT max(seen)::text AS seen FROM node
       WHERE seen > clock_timestamp() - interval '${aliveSeconds} s' AND node = coalesce($1::text, node)`,
      [node],
    );
    const seen = row?.["seen"] ?? null;
    if (seen === null) return false;
    first ??= seen;
    if (seen !== first) return true;
    await Bun.sleep(pauseMs);
  }
  return false;
}

/** Who holds the lock that was not had, for people: the copy or a server, or the node of the same name. */
async function holderOf(writer: Writer, node: string | null): Promise<string> {
  const [holder] = await writer.query(
    `SELECT a.application_name AS name, coalesce(host(a.client_addr), 'this machine') AS host
     FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.objid = $1::oid AND l.objsubid = 1
         OR l.classid = $1::oid AND l.objsubid = 2 AND l.objid::bigint = hashtext($2)::bigint & 4294967295)
     ORDER BY l.objsubid DESC LIMIT 1`,
    [lockNumber, node ?? ""],
  );
  return holder === undefined ? "" : ` (${String(holder["name"])}, from ${String(holder["host"])})`;
}

function inUse(shown: string, holder: string): OperatingError {
  return new OperatingError(
    "store-in-use",
    `Another iot-server uses ${shown}${holder}.`,
    "Stop all of its servers first; they can start again when the copy has finished.",
  );
}

function takenName(node: string) {
  return (shown: string, holder: string): OperatingError => {
    if (holder.includes("iot-server copy")) {
      const words = `A copy is filling ${shown}${holder}.`;
      return new OperatingError("store-in-use", words, "Start the server when it has finished.");
    }
    return new OperatingError(
      "node-taken",
      `Another iot-server runs as node ${node} on ${shown}${holder}.`,
      "Stop it, or give this one a name of its own: --node another-name",
    );
  };
}
