// A PostgreSQL of the benchmark's own: its folder on the disk that is measured, its port, a database for each contender, and
// what CPU time all its processes have used. Compares nothing.

import { rmSync } from "node:fs";
import type { PostgresAddress } from "../../lib/store/postgres/connection/address.ts";
import { Hosts } from "../../lib/store/postgres/connection/hosts.ts";
import { Writer } from "../../lib/store/postgres/connection/writer.ts";
import { type PostgresServer, postgresProgram, startNew, superuser } from "../postgres-server.ts";
import { BenchError, buildFolder } from "./children.ts";
import { cpuTimeOfFamily } from "./process-readings.ts";
import { databaseIn } from "./server-process.ts";
import type { Turns } from "./turns.ts";

/**
 * What differs from PostgreSQL's defaults: no checkpoint falls into a turn, because it would slow the one that happens to
 * run then. What makes a commit durable is as it comes: fsync, full_page_writes and synchronous_commit are on.
 */
/** What is on. */
export const durability = "fsync, full_page_writes and synchronous_commit on";
const settings = ["shared_buffers=512MB", "max_wal_size=16GB", "checkpoint_timeout=1h"];

const running = new Set<PostgresServer>();
process.on("exit", () => {
  for (const { pid, folder } of running) {
    if (pid !== null) process.kill(pid, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A PostgreSQL that runs. */
export type BenchPostgres = {
  readonly port: number;
  /** Makes a database with the devices and sessions of a folder; returns its name. */
  seed(binary: string, folder: string): Promise<string>;
  /** Makes a copy of a database that nobody uses; returns its name. */
  copy(database: string): Promise<string>;
  /** The address of a database, as the server's `--store` takes it. */
  url(database: string): string;
  /** A connection to a database. */
  open(database: string): Promise<Writer>;
  /** CPU time of all its processes so far, µs. */
  cpuTime(): number;
  stop(): Promise<void>;
};

/** What is installed, as `15.18`. @throws BenchError if nothing is, or it is too old */
export function postgresVersion(): string {
  const words = Bun.spawnSync([programOf("postgres"), "--version"]).stdout.toString();
  const version = /(\d+)(\.\d+)?/.exec(words);
  if (version === null || Number(version[1]) < 15) {
    throw new BenchError(`PostgreSQL 15 or later is needed; here is: ${words.trim()}`);
  }
  return version[0];
}

/** The path of a program of PostgreSQL. @throws BenchError if it is not installed, with the next step */
export function programOf(name: string): string {
  try {
    return postgresProgram(name);
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}

/**
 * Starts a new one. It may use all cores: it is one more party, which whoever drives it leaves as much as it can.
 * @throws BenchError if it does not start
 */
export async function startPostgres(): Promise<BenchPostgres> {
  let server: PostgresServer;
  try {
    server = await startNew(settings, buildFolder);
  } catch (error) {
    const words = "As root, its user nobody must be able to enter the folder of the project.";
    throw new BenchError(`${(error as Error).message}\n${words}`);
  }
  running.add(server);
  await assertDurable(server);
  const url = (database: string) =>
    `postgres://${superuser}@127.0.0.1:${server.port}/${database}?sslmode=disable`;
  return {
    port: server.port,
    async seed(binary, folder) {
      const database = await server.newDatabase();
      const words = [binary, "copy", databaseIn(folder), url(database), "--shared-ip"];
      const copied = Bun.spawnSync(words, { cwd: folder });
      if (copied.exitCode !== 0) throw new BenchError(`No copy: ${copied.stderr.toString()}`);
      return database;
    },
    copy: (database) => server.newDatabase(database),
    url,
    open: (database) => Writer.open(addressOf(server.port, database), "bench"),
    cpuTime: () => (server.pid === null ? 0 : cpuTimeOfFamily(server.pid)),
    async stop() {
      await server.stop("fast");
      running.delete(server);
      rmSync(server.folder, { recursive: true, force: true });
    },
  };
}

/**
 * Checks the reports that a database has: every acknowledged one, and none twice.
 * @throws BenchError if the numbers do not agree
 */
export async function checkStored(
  postgres: BenchPostgres,
  database: string,
  { acked, sent }: Pick<Turns, "acked" | "sent">,
): Promise<void> {
  const writer = await postgres.open(database);
  const [row] = await writer.query(
    `SELECT count(*)::float8 AS stored, count(DISTINCT key)::float8 AS "distinct" FROM report`,
  );
  writer.close();
  const { stored, distinct } = row as { stored: number; distinct: number };
  if (distinct !== stored || stored < acked || stored > sent) {
    throw new BenchError(
      `${acked} reports were acknowledged and ${sent} sent, but PostgreSQL has ${stored}, ${distinct} of them distinct.`,
    );
  }
}

/** A benchmark without fsync would tell nothing. */
async function assertDurable(server: PostgresServer): Promise<void> {
  const sql = server.connect();
  const rows: readonly unknown[] = await sql.unsafe(
    `SELECT name FROM pg_settings
     WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting <> 'on'`,
  );
  await sql.close({ timeout: 0 });
  if (rows.length > 0) throw new BenchError(`PostgreSQL is lax: ${JSON.stringify(rows)}`);
}

function addressOf(port: number, database: string): PostgresAddress {
  const hosts = new Hosts([{ hostname: "127.0.0.1", port }]);
  const to = { hosts, username: superuser, database, password: null };
  return { ...to, tls: "disable", rootCert: null, prepare: true };
}
