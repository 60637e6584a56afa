// Who takes turns with PostgreSQL: our server on it, and the report statement by pgbench with batches as large as those of
// the server. Knows no measure.

import type { Load } from "./load.ts";
import type { Bench, Row } from "./measure.ts";
import { pgbench } from "./pgbench.ts";
import { type BenchPostgres, checkStored, startPostgres } from "./postgres.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { median } from "./spread.ts";
import type { Contender, Loader, Turns } from "./turns.ts";

/** A contender that stores in a database of PostgreSQL. */
export type OnPostgres = {
  readonly contender: Contender;
  /** CPU time of PostgreSQL a report, of its turns, µs. */
  postgresUs(): number;
  /** How many reports a commit has, of its turns. */
  batch(): number;
  /** Checks what was stored. @throws BenchError */
  check(turns: Turns): Promise<void>;
};

/** A PostgreSQL with our server, and what pgbench needs beside it. */
export type PostgresParty = {
  readonly server: ServerProcess;
  /** @param load what the server gets */
  ours(name: string, load: Loader): OnPostgres;
  /**
   * The statement by pgbench, on a database of its own.
   * @param like whose batches it makes as large; loaded before it
   * @param message of a report
   */
  bare(clients: number, like: OnPostgres, message: string, load?: Load): Promise<OnPostgres>;
  stop(): Promise<void>;
};

/**
 * Starts PostgreSQL, and our server on it.
 * @param folder a seeded one, as for a server with SQLite
 */
export async function startParty(bench: Bench, folder: string): Promise<PostgresParty> {
  const postgres = await startPostgres();
  const database = await postgres.seed(bench.binary, folder);
  const seeded = await postgres.copy(database);
  const server = await startServer(bench.binary, folder, { store: postgres.url(database) });
  return {
    server,
    ours: (name, load) => {
      const commits = () => server.metric("iot_commits_total", `result="stored"`);
      return measured(postgres, database, commits, { name, pid: server.pid, load });
    },
    async bare(clients, like, message, { devices } = {}) {
      const own = await postgres.copy(seeded);
      const batch = () => Math.max(1, Math.round(like.batch()));
      const name = `pgbench -c ${clients}`;
      const load = { clients, batch, message, ...(devices !== undefined && { devices }) };
      const contender = await pgbench(name, postgres, own, bench.folder(), load);
      return measured(postgres, own, null, contender);
    },
    async stop() {
      await server.stop();
      await postgres.stop();
    },
  };
}

/** @param commits how many there were so far; null if nobody counts them */
function measured(
  postgres: BenchPostgres,
  database: string,
  commits: (() => Promise<number>) | null,
  { load, ...contender }: Contender,
): OnPostgres {
  const cpuUs: number[] = [];
  const batches: number[] = [];
  return {
    contender: {
      ...contender,
      async load(seconds) {
        const [cpu, before] = [postgres.cpuTime(), await commits?.()];
        const result = await load(seconds);
        cpuUs.push((postgres.cpuTime() - cpu) / result.received);
        if (commits !== null) {
          batches.push(result.received / ((await commits()) - (before as number)));
        }
        return result;
      },
    },
    postgresUs: () => median(cpuUs),
    batch: () => median(batches),
    check: (turns) => checkStored(postgres, database, turns),
  };
}

/** A row with what PostgreSQL's CPU did meanwhile. @param words what else is to be said */
export function withPostgresCpu(own: Row, of: OnPostgres, words = ""): Row {
  return { ...own, remark: `${words}PostgreSQL: ${of.postgresUs().toFixed(1)} µs a report` };
}
