// The connections that read for operators, sum up and remove old reports, and keep alerts, apart from those that write batches:
// they delay no ACK. A silent one is given up, and all others with it. Never stores what is acknowledged.

import { SQL } from "bun";
import { connectionOptions, type PostgresAddress } from "./address.ts";
import { isLost, Lost, withDeadline } from "./lost.ts";
import { explainPostgres } from "./refusals.ts";
import { drop, type Rows } from "./writer.ts";

const connectionsMax = { server: 3, lease: 1, alerts: 1, command: 3 } as const;
/**
 * How long a read may take, ms: of a server, of its sign of life, which must come in time for another one over another line,
 * of its alerts, and of a command that counts all rows.
 */
const readMs = { server: 10_000, lease: 3_000, alerts: 10_000, command: 3_600_000 } as const;
/** How often a read is tried, if its connection is lost this soon, ms. */
const attemptsMax = 2;
const againMsMax = 1_000;

/** Sends a query in a transaction. */
type Query = (text: string, values?: readonly unknown[]) => Promise<Rows>;

export class Readers {
  #pool: SQL;
  #isClosed = false;

  constructor(
    private readonly address: PostgresAddress,
    private readonly name: string,
    private readonly reader: keyof typeof readMs = "server",
  ) {
    this.#pool = this.#newPool();
  }

  /** The rows of a query. @throws OperatingError in words; others as they are */
  read<Row = Record<string, unknown>>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    return this.#try(
      (pool) => pool.unsafe(text, [...values]).execute() as unknown as Promise<readonly Row[]>,
    );
  }

  /**
   * What a transaction gives.
   * @param work may be done again, also if it was committed: the answer may have been lost
   * @throws as `read`
   */
  transact<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#try((pool) =>
      pool.begin((sql) => work((text, values = []) => sql.unsafe(text, [...values]))),
    );
  }

  async #try<T>(work: (pool: SQL) => Promise<T>): Promise<T> {
    const began = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#over(work);
      } catch (error) {
        // PostgreSQL may have restarted since the last read. A silent one is not asked again.
        const isSoon = error instanceof Lost && performance.now() - began <= againMsMax;
        if (!isSoon || attempt >= attemptsMax + this.address.hosts.all.length - 1)
          throw explainPostgres(error, this.address);
      }
    }
  }

  async #over<T>(work: (pool: SQL) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new Lost("the store is closed");
    const pool = this.#pool;
    try {
      return await withDeadline(work(pool), readMs[this.reader]);
    } catch (error) {
      if (!isLost(error) && !(error instanceof Lost)) throw error;
      // A server's connection that writes says which of several leads; a command reads from any.
      if (this.reader === "command") this.address.hosts.next();
      // Those that read at the same moment renew it once.
      if (pool === this.#pool && !this.#isClosed) this.#pool = this.#newPool();
      drop(pool);
      throw new Lost((error as Error).message, { cause: error });
    }
  }

  close(): void {
    this.#isClosed = true;
    drop(this.#pool);
  }

  #newPool(): SQL {
    const statementMs = this.reader === "command" ? readMs.command : undefined;
    return new SQL(
      connectionOptions(
        this.address,
        this.name,
        connectionsMax[this.reader],
        undefined,
        statementMs,
      ),
    );
  }
}
