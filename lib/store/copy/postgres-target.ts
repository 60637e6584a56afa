// The PostgreSQL database that a copy fills: held against servers meanwhile, with a note of how far it is that is committed
// with the rows, so that a copy that was killed can go on. Never touches rows that it did not bring.

import { OperatingError } from "../../operating-error.ts";
import type { ReportRow } from "../../server/rows.ts";
import { type PostgresAddress, shownAddress } from "../postgres/connection/address.ts";
import { type Rows, type Statement, Writer } from "../postgres/connection/writer.ts";
import { assertUsable } from "../postgres/open-postgres.ts";
import { settling } from "../postgres/reports/chunk-summaries.ts";
import { chunkOf, chunkSize } from "../postgres/reports/horizon.ts";
import { insertMissing, insertNew } from "../postgres/reports/report-insert.ts";
import { reportColumns, reportOf } from "../postgres/rows/columns.ts";
import { type CopyState, copyStateOf } from "../postgres/schema/copied.ts";
import { aliveNow, begin, type Fence, fenced, leaving, lock } from "../postgres/nodes/claim.ts";
import { agree, type ServerTraits } from "../postgres/schema/identity.ts";
import { migrate } from "../postgres/schema/schema.ts";
import {
  type CopiedRow,
  copiedTables,
  type CopiedTable,
  inserting,
  type Place,
  readingBack,
} from "./copied-tables.ts";
import { type CopiedReport, copiedAgain } from "./report-rows.ts";
import type { Numbers, ServiceRow } from "./sqlite-source.ts";

/** How long a flight of thousands of rows may take, ms: over a slow line, to a slow disk. */
const flightMs = 60_000;
/** How long a look at all rows may take, ms. */
const wholeMs = 3_600_000;
const blockSize = 256;
/** In a transaction only, because a pooler gives the next one another connection. */
const patient = "SET LOCAL statement_timeout = 0";
/** The last commit of a copy flushes those before, too. */
const quick = "SET LOCAL synchronous_commit = off";

export class PostgresTarget {
  /** The chunk of the report that was stored last; null before the first. */
  #chunk: number | null;

  private constructor(
    readonly name: string,
    private readonly writer: Writer,
    private readonly fence: Fence,
    /** What an earlier run has done; null in an empty database. */
    readonly before: CopyState | null,
  ) {
    const next = before?.next ?? 0;
    this.#chunk = next > 0 ? chunkOf(next - 1) : null;
  }

  /**
   * Opens an empty database, or one that an interrupted copy has begun to fill.
   * @param traits the key of the source's server, and whether its devices share IPs
   * @throws OperatingError `store-in-use`, `target-taken`, `newer-schema` and others; what PostgreSQL says
   */
  static async open(address: PostgresAddress, traits: ServerTraits): Promise<PostgresTarget> {
    const shown = shownAddress(address);
    const writer = await Writer.open(address, "iot-server copy");
    try {
      await assertUsable(writer, shown);
      await lock(writer, null, address.prepare, shown);
      await migrate(writer, shown);
      const before = await copyStateOf(writer);
      await assertFree(writer, before, shown);
      // A server that was started here by mistake has left its own.
      const { sharedIp } = traits;
      await writer.query("UPDATE meta SET fingerprint = '', shared_ip = $1::boolean", [sharedIp]);
      await agree(writer, traits, shown);
      const copying = { node: "iot-server copy", address: "", version: "", settings: {} };
      const fence = await begin(writer, copying, true);
      return new PostgresTarget(shown, writer, fence, before);
    } catch (error) {
      writer.close();
      throw error;
    }
  }

  /** Begins anew: nothing is there then. @param source its name, for people */
  async restart(source: string): Promise<void> {
    this.#chunk = null;
    const tables = ["report", "report_chunk", ...copiedTables.map(({ table }) => table)];
    await this.#transaction([
      [`TRUNCATE ${tables.join(", ")}`],
      ["DELETE FROM copied"],
      ["INSERT INTO copied (id, source, next) VALUES (1, $1, 0)", [source]],
    ]);
  }

  /** How many reports there are. */
  async countReports(): Promise<number> {
    const counting: Statement = ["SELECT count(*)::float8 AS n FROM report"];
    const rows = await this.#transaction([counting], wholeMs);
    return rows[0]?.[0]?.["n"] as number;
  }

  /**
   * Stores reports in the order of their numbers, all of one chunk, and notes how far the copy is.
   * @param next above the number of the last one
   */
  async storeReports(reports: readonly CopiedReport[], next: number): Promise<void> {
    const chunk = chunkOf((reports[0] as CopiedReport).sequence);
    const full = this.#chunk !== null && this.#chunk < chunk ? [summing(this.#chunk)] : [];
    const [, , , left] = await this.writer.send(
      [["BEGIN"], [patient], [quick], insertMissing(reports, this.fence), ...full],
      flightMs,
    );
    const twice = new Set(left?.map(({ sequence }) => sequence as number));
    const again = reports.filter(({ sequence }) => twice.has(sequence)).map(copiedAgain);
    const latest = Math.max(...reports.map(({ carried }) => carried ?? -1));
    const note: Statement = [
      `UPDATE copied SET next = $1::float8, carried_until = nullif(greatest(coalesce(carried_until, -1), $2::float8), -1)
       WHERE ${fenced(3, 4)} RETURNING next`,
      [next, latest, this.fence.node, this.fence.epoch],
    ];
    const stored = again.length === 0 ? [] : [insertNew(again, null)];
    const done = await this.writer.send([...stored, note, ["COMMIT"]], flightMs);
    if (done.at(-2)?.length === 0) throw await this.#superseded();
    this.#chunk = chunk;
  }

  /** Begins to store the other tables, in one transaction that `commitRows` ends. */
  async beginRows(): Promise<void> {
    const tables = copiedTables.map(({ table }) => table).join(", ");
    await this.writer.send([["BEGIN"], [patient], [`TRUNCATE ${tables}`]], flightMs);
  }

  async storeRows(of: CopiedTable, rows: readonly CopiedRow[]): Promise<void> {
    await this.writer.send([inserting(of, rows)], flightMs);
  }

  /** @param service how long the source's servers have run */
  async commitRows(numbers: Numbers, service: ServiceRow): Promise<void> {
    const give = (sequence: string, last: number): Statement => [
      `SELECT setval('${sequence}', greatest($1::float8::bigint, 1), $1::float8 > 0)`,
      [last],
    ];
    const block = 1 + blockSize * Math.ceil(numbers.report / blockSize);
    const done = await this.writer.send(
      [
        give("session_number", numbers.session),
        give("question_number", numbers.question),
        give("command_number", numbers.command),
        give(`answered_number_seq`, numbers.answered),
        ["SELECT setval('report_block', $1::float8::bigint, false)", [block]],
        [
          "UPDATE service SET hours = $1::float8, ms = $2::float8, wall = $3::float8",
          [service.hours, service.ms, service.wall],
        ],
        [
          "UPDATE alert_mark SET alert = $1::float8, delivery = $2::float8",
          [numbers.alert, numbers.delivery],
        ],
        aliveNow(this.fence),
        ["COMMIT"],
      ],
      flightMs,
    );
    if (done.at(-2)?.length === 0) throw await this.#superseded();
  }

  /** The next reports, in the order of their numbers. */
  async reports(from: number, count: number): Promise<ReportRow[]> {
    const reading: Statement = [
      `SELECT ${reportColumns} FROM report WHERE sequence >= $1::float8::bigint
       ORDER BY report.sequence LIMIT $2::int`,
      [from, count],
    ];
    const [rows] = await this.#transaction([reading]);
    return (rows as Rows).map(reportOf);
  }

  /** The next rows of another table. */
  async rows(of: CopiedTable, after: Place, count: number): Promise<CopiedRow[]> {
    const [rows] = await this.#transaction([readingBack(of, after, count)]);
    return rows as unknown as CopiedRow[];
  }

  /** What was copied differs from the source: the next run begins anew. */
  async spoil(): Promise<void> {
    await this.#transaction([["UPDATE copied SET next = -1"]]);
  }

  /** The copy is whole: servers may use it. @param now ms since 1970 */
  async finish(now: number): Promise<void> {
    await this.#transaction([["UPDATE copied SET finished = $1::float8", [now]]]);
    // Plans for empty tables would be wrong. What fails here is done by PostgreSQL itself a little later.
    await this.#transaction([["ANALYZE"]], wholeMs).catch(() => {});
  }

  async close(): Promise<void> {
    await this.writer.send(leaving(this.fence), 1_000).catch(() => {});
    this.writer.close();
  }

  /** Runs statements in a transaction; returns their rows. */
  async #transaction(statements: readonly Statement[], ms = flightMs): Promise<readonly Rows[]> {
    try {
      const all = [["BEGIN"], [patient], ...statements, ["COMMIT"]] as const;
      return (await this.writer.send(all, ms)).slice(2, -1);
    } catch (error) {
      if (!this.writer.isLost) await this.writer.query("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  async #superseded(): Promise<OperatingError> {
    this.writer.close();
    return new OperatingError(
      "store-in-use",
      `Another iot-server has taken ${this.name} meanwhile.`,
      "Stop it, and run the copy again.",
    );
  }
}

/** Sums up a chunk whose reports are all there. */
function summing(chunk: number): Statement {
  return [settling, [chunk * chunkSize, (chunk + 1) * chunkSize]];
}

/** Refuses a database that has rows which no unfinished copy has brought. */
async function assertFree(writer: Writer, before: CopyState | null, shown: string): Promise<void> {
  if (before?.finished === false) return;
  const tables = ["report", ...copiedTables.map(({ table }) => table)];
  for (const table of tables) {
    const rows = await writer.query(`SELECT 1 FROM ${table} LIMIT 1`);
    if (rows.length === 0) continue;
    const by = before === null ? "" : `, from a copy of ${before.source}`;
    throw new OperatingError(
      "target-taken",
      `${shown} is not empty: it has ${table}s${by}.`.replace("answereds", "answered requests"),
      "Copy into a new database: createdb iot2, and name it in place of this one.",
    );
  }
}
