// The one connection that writes: statements go out in flights, each with a deadline. When it is lost it stays lost, so that
// no transaction goes on over another connection. Knows no table.

import { type ReservedSQL, SQL } from "bun";
import { connectionOptions, type PostgresAddress } from "./address.ts";
import { isLost, Lost, withDeadline } from "./lost.ts";

/** A statement and its parameters. */
export type Statement = readonly [text: string, values?: readonly unknown[] | undefined];

/** The rows that a statement returned. */
export type Rows = readonly Record<string, unknown>[] & { readonly command?: string };

/** How long a flight of statements may take, ms. */
export const flightMs = 5_000;

export class Writer {
  /** Called once when the connection is lost, also while nothing is sent; not after `close`. */
  onLost: (why: string) => void = () => {};
  #isLost = false;

  private constructor(
    private readonly pool: SQL,
    private readonly held: ReservedSQL,
  ) {}

  /**
   * Connects to the server that leads: the next one if one is away or only follows another.
   * @param name shown in PostgreSQL's list of sessions
   * @throws what the server says, or `Lost`
   */
  static async open(address: PostgresAddress, name: string): Promise<Writer> {
    const { all } = address.hosts;
    for (let tried = 1; ; tried++) {
      try {
        const writer = await Writer.#open(address, name);
        if (tried === all.length || !(await writer.#follows())) return writer;
        writer.close();
      } catch (error) {
        address.hosts.next();
        if (tried === all.length) throw error;
        continue;
      }
      address.hosts.next();
    }
  }

  static async #open(address: PostgresAddress, name: string): Promise<Writer> {
    let writer: Writer | null = null;
    const onClose = (error: Error | null) => {
      if (writer !== null) writer.#ended(error?.message ?? "it ended");
    };
    const pool = new SQL(connectionOptions(address, name, 1, onClose));
    try {
      writer = new Writer(pool, await withDeadline(pool.reserve(), flightMs));
      return writer;
    } catch (error) {
      drop(pool);
      throw error;
    }
  }

  /** Whether the server only follows another one. */
  async #follows(): Promise<boolean> {
    const [row] = await this.query("SELECT pg_is_in_recovery() AS it");
    return row?.["it"] === true;
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
