// The one connection that writes: statements go out in flights, each with a deadline. When it is lost it stays lost, so that
// no transaction goes on over another connection. Knows no table.

import { type ReservedSQL, SQL } from "bun";
import { OperatingError } from "../../../operating-error.ts";
import { connectionOptions, type PostgresAddress, shownAddress } from "./address.ts";
import type { Host } from "./hosts.ts";
import { isLost, Lost, withDeadline } from "./lost.ts";
import { standby } from "./refusals.ts";

/** A statement and its parameters. */
export type Statement = readonly [text: string, values?: readonly unknown[] | undefined];

/** The rows that a statement returned, and how many it has changed, if it changes any. */
export type Rows = readonly Record<string, unknown>[] & {
  readonly command?: string;
  readonly count?: number | null;
};

/** How long a flight of statements may take, ms. */
export const flightMs = 5_000;

export class Writer {
  /** Called once when the connection is lost, also while nothing is sent; not after `close`. */
  onLost: (why: string) => void = () => {};
  #isLost = false;
  #timeline = "";

  private constructor(
    private readonly pool: SQL,
    private readonly held: ReservedSQL,
  ) {}

  /**
   * Connects to the server that leads: the next one if one is away or only follows another.
   * @param name shown in PostgreSQL's list of sessions
   * @throws what a server says, or `Lost`; OperatingError `store-read-only` if one answers that only follows
   */
  static async open(address: PostgresAddress, name: string): Promise<Writer> {
    const { hosts } = address;
    const failures: unknown[] = [];
    for (const host of hosts.inTurn()) {
      try {
        const writer = await Writer.#open(address, name, host);
        hosts.lead(host);
        return writer;
      } catch (error) {
        failures.push(error);
      }
    }
    throw failures.find((error) => error instanceof OperatingError) ?? failures.at(-1);
  }

  static async #open(address: PostgresAddress, name: string, host: Host): Promise<Writer> {
    let writer: Writer | null = null;
    const onClose = (error: Error | null) => {
      if (writer !== null) writer.#ended(error?.message ?? "it ended");
    };
    const pool = new SQL(connectionOptions(address, name, 1, onClose, undefined, host));
    try {
      writer = new Writer(pool, await withDeadline(pool.reserve(), flightMs));
      const [row] = await writer.query("SELECT pg_is_in_recovery() AS follows");
      if (row?.["follows"] === true) throw new OperatingError(...standby(shownAddress(address)));
      writer.#timeline = await writer.#timelineNow();
      return writer;
    } catch (error) {
      if (writer === null) drop(pool);
      else writer.close();
      throw error;
    }
  }

  /** Which of the servers that have led this is: it changes when a standby takes over. Empty if that is not told. */
  get timeline(): string {
    return this.#timeline;
  }

  async #timelineNow(): Promise<string> {
    const text = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS it";
    const rows = await this.query(text).catch((error: unknown) => {
      // A service that keeps its log elsewhere may not tell.
      if (error instanceof Lost) throw error;
      return [];
    });
    return (rows[0]?.["it"] as string | undefined) ?? "";
  }

  /** Whether the connection is lost: nothing can be sent over it. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Sends statements at once, and waits for the results of all.
   * @returns the rows of each
   * @throws the error of the first one that PostgreSQL refused, after all have ended; `Lost` if the connection is lost
   */
  async send(statements: readonly Statement[], ms = flightMs): Promise<readonly Rows[]> {
    if (this.#isLost) throw new Lost("the connection is lost");
    const sent = statements.map(([text, values]) => this.#query(text, values));
    let results: PromiseSettledResult<Rows>[];
    try {
      results = await withDeadline(Promise.allSettled(sent), ms);
    } catch (error) {
      this.#ended((error as Error).message);
      throw error;
    }
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      if (!isLost(result.reason)) throw result.reason;
      this.#ended((result.reason as Error).message);
      throw new Lost((result.reason as Error).message, { cause: result.reason });
    }
    return results.map((result) => (result as PromiseFulfilledResult<Rows>).value);
  }

  /** Sends one statement; see `send`. */
  async query(text: string, values?: readonly unknown[]): Promise<Rows> {
    const [rows] = await this.send([[text, values]]);
    return rows as Rows;
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    drop(this.pool);
  }

  #ended(why: string): void {
    if (this.#isLost) return;
    this.close();
    this.onLost(why);
  }

  #query(text: string, values?: readonly unknown[]): Promise<Rows> {
    const query =
      values === undefined ? this.held.unsafe(text) : this.held.unsafe(text, [...values]);
    // Bun's promise begins its query when it is first waited for.
    return query.execute();
  }
}

/** Ends a pool at once. A graceful end could wait for ever. */
export function drop(pool: SQL): void {
  void pool.close({ timeout: 0 }).catch(() => {});
}
