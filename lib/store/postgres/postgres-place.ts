// A database of PostgreSQL as the place of a store: what servers and commands do with it. What PostgreSQL does itself
// (backups, pages, disks) is left to its own programs, which are named.

import { OperatingError } from "../../operating-error.ts";
import type {
  CommandRow,
  ListedDevice,
  ReportRow,
  SessionRow,
  StoredCommands,
} from "../../server/rows.ts";
import type { Opening, OpenStore, StoreCheck, StorePlace } from "../../server/store-care.ts";
import type { CommandQuery } from "../../server/store-reads.ts";
import { type PostgresAddress, shownAddress } from "./connection/address.ts";
import { Readers } from "./connection/readers.ts";
import { explainPostgres } from "./connection/refusals.ts";
import { checkPostgres } from "./database-check.ts";
import { openPostgres } from "./open-postgres.ts";
import { PostgresReads } from "./postgres-reads.ts";
import { ChunkSummaries } from "./reports/chunk-summaries.ts";
import { Horizon } from "./reports/horizon.ts";
import { listCommands, readCommand } from "./rows/command-lists.ts";
import { assertCopied } from "./schema/copied.ts";
import { newerSchema, schemaVersion, versionOf } from "./schema/schema.ts";
import { isServed } from "./nodes/claim.ts";

const rowsPerPage = 4_096;
/** The pause between two attempts to reach a database that does not answer, ms. */
const pauseMs = 500;
/** What may pass by itself. */
const passing: ReadonlySet<unknown> = new Set(["store-away", "store-busy", "store-read-only"]);

export class PostgresPlace implements StorePlace {
  readonly name: string;
  readonly hasOneServer = false;

  /**
   * @param path beside which the server keeps its key and its control socket
   * @param waitMs how long `open` waits for a database that does not answer; null: for ever
   */
  constructor(
    readonly path: string,
    private readonly address: PostgresAddress,
    private readonly waitMs: number | null,
  ) {
    this.name = shownAddress(address);
  }

  isServed(): Promise<boolean> {
    return this.#reading((readers) => isServed(readers, this.address.prepare));
  }

  async open(opening: Opening): Promise<OpenStore> {
    const end = this.waitMs === null ? Infinity : performance.now() + this.waitMs;
    const { fingerprint, sharedIp } = opening.traits;
    let said = "";
    for (;;) {
      try {
        const traits = { fingerprint: fingerprint(), sharedIp };
        return await withSessions(await openPostgres(this.address, traits, opening));
      } catch (error) {
        const isPassing = error instanceof OperatingError && passing.has(error.code);
        if (!isPassing || performance.now() >= end) throw error;
        if (said !== error.message) opening.onNote(`Waiting: ${error.message}`);
        said = error.message;
        await Bun.sleep(pauseMs);
      }
    }
  }

  async *devices(): AsyncGenerator<ListedDevice> {
    const readers = await this.#readers();
    const reads = readsOf(readers);
    try {
      for (let after: string | undefined = ""; after !== undefined;) {
        const page: readonly ListedDevice[] = await reads.listed(after, rowsPerPage);
        yield* page;
        after = page.at(-1)?.id;
      }
    } finally {
      readers.close();
    }
  }

  isRegistered(id: string): Promise<boolean> {
    return this.#reading(async (readers) => (await readsOf(readers).facts(id)) !== null);
  }

  hasLabel(key: string): Promise<boolean> {
    const sql =
      "SELECT 1 FROM label AS l JOIN device AS d ON d.id = l.device WHERE l.key = $1 LIMIT 1";
    return this.#reading(async (readers) => (await readers.read(sql, [key])).length > 0);
  }

  commands(query: CommandQuery): Promise<readonly CommandRow[]> {
    return this.#reading((readers) => listCommands(readers, query));
  }

  command(number: number): Promise<CommandRow | null> {
    return this.#reading((readers) => readCommand(readers, number));
  }

  async *reports(): AsyncGenerator<ReportRow> {
    const readers = await this.#readers();
    const scan = readsOf(readers).scan(null, everything, "oldest");
    try {
      while (!scan.done) yield* await scan.next(rowsPerPage);
    } finally {
      readers.close();
    }
  }

  async *reportsOf(id: string, last: number, since: number): AsyncGenerator<ReportRow> {
    const rows = await this.#reading(async (readers) => {
      const scan = readsOf(readers).scan(id, everything, "newest");
      const found: ReportRow[] = [];
      while (!scan.done && found.length < last) {
        const page = await scan.next(Math.min(rowsPerPage, last - found.length));
        found.push(...page.filter(({ at }) => at >= since));
      }
      return found;
    });
    yield* rows.reverse();
  }

  check(): Promise<StoreCheck> {
    return this.#reading((readers) => checkPostgres(readers, this.address.prepare));
  }

  backUp(file: string): never {
    throw new OperatingError(
      "store-backup",
      `${this.name} is copied by PostgreSQL's own programs.`,
      `pg_dump --format=custom --file=${file} ${this.name} (keep identity.key with it).`,
    );
  }

  restore(file: string): never {
    throw new OperatingError(
      "store-backup",
      `${this.name} is restored by PostgreSQL's own programs.`,
      `Stop the server, then: pg_restore --clean --if-exists --single-transaction --dbname=${this.name} ${file}`,
    );
  }

  explain(error: unknown): unknown {
    return explainPostgres(error, this.address);
  }

  /** Connections that read, to a database of this server's schema. */
  async #readers(): Promise<Readers> {
    const readers = new Readers(this.address, "iot-server command", "command");
    try {
      const version = await versionOf({ query: (text) => readers.read(text) });
      if (version > schemaVersion) throw newerSchema(version, this.name);
      if (version === schemaVersion) {
        await assertCopied({ query: (text) => readers.read(text) }, this.name);
        return readers;
      }
      throw new OperatingError(
        "store-empty",
        version === 0
          ? `${this.name} is empty.`
          : `${this.name} was written by an older iot-server (schema ${version}).`,
        `Start the server once: iot-server 9000 --store ${this.name}`,
      );
    } catch (error) {
      readers.close();
      throw explainPostgres(error, this.address);
    }
  }

  async #reading<T>(read: (readers: Readers) => Promise<T>): Promise<T> {
    const readers = await this.#readers();
    try {
      return await read(readers);
    } finally {
      readers.close();
    }
  }
}

const everything = { low: 0, high: Number.MAX_SAFE_INTEGER };

function readsOf(readers: Readers): PostgresReads {
  const horizon = new Horizon(readers, null, 0, () => performance.now());
  return new PostgresReads(readers, new ChunkSummaries(readers, horizon), horizon, () => true);
}

/** A store whose open sessions and commands are read already: a server begins with them, and can wait no more then. */
async function withSessions(store: OpenStore): Promise<OpenStore> {
  try {
    const later = store.openSessions;
    let read: readonly SessionRow[] | null = await later();
    const laterCommands = store.openCommands;
    let commands: StoredCommands | null = await laterCommands();
    const openCommands = () => {
      const found = commands;
      commands = null;
      return found ?? laterCommands();
    };
    const openSessions = () => {
      const rows = read;
      read = null;
      return rows ?? later();
    };
    // The same object: a copy would have the values of its getters once and for all.
    return Object.assign(store, { openSessions, openCommands });
  } catch (error) {
    await store.close();
    throw error;
  }
}
