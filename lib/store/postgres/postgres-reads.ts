// Owns the reads for operators on PostgreSQL: devices, sessions, questions and reports. Never writes.

import { labelsIn } from "../../server/labels.ts";
import type {
  CommandRow,
  DeviceRow,
  ListedDevice,
  QuestionRow,
  ReportRow,
  RosterRow,
  SessionRow,
} from "../../server/rows.ts";
import type { PlacedRow } from "../../server/nodes.ts";
import type {
  CommandQuery,
  DeviceReads,
  MessageScan,
  ReportChunk,
  ReportRange,
  ReportReads,
  Scan,
} from "../../server/store-reads.ts";
import { firstsFrom } from "../time-search.ts";
import { isStorable, numberArray, textArray } from "./connection/arrays.ts";
import type { Readers } from "./connection/readers.ts";
import type { ChunkSummaries } from "./reports/chunk-summaries.ts";
import type { Horizon } from "./reports/horizon.ts";
import { PostgresMessageScan, PostgresScan } from "./reports/report-scan.ts";
import { listCommands, readCommand } from "./rows/command-lists.ts";
import {
  deviceColumns,
  deviceOf,
  labelsOfDevice,
  latestSession,
  questionColumns,
  questionOf,
  reportColumns,
  reportOf,
  sessionColumns,
  sessionOf,
} from "./rows/columns.ts";

/** A row whose labels are still JSON. */
type Raw<Row> = Omit<Row, "labels"> & { readonly labels: string | null };

/** How many sessions are read at once. Far more than a device can have open. */
const sessionsPerPage = 20_000;

export class PostgresReads implements DeviceReads, ReportReads {
  /** @param isAlone tells whether no other server stores reports */
  constructor(
    private readonly readers: Readers,
    private readonly summaries: ChunkSummaries,
    private readonly horizon: Horizon,
    private readonly isAlone: () => boolean,
  ) {}

  async roster(after: string, limit: number): Promise<readonly RosterRow[]> {
    const rows = await this.readers.read<Raw<RosterRow>>(
      `SELECT d.id, ${labelsOfDevice} AS labels, coalesce(s.session, 0)::float8 AS session, coalesce(s.started, 0)::float8 AS started,
              coalesce(s.last_seen, 0)::float8 AS "lastSeen", s.ended::float8 AS ended, s.reason
       FROM device AS d LEFT JOIN session AS s ON s.session = ${latestSession}
       WHERE d.id > $1 ORDER BY d.id LIMIT $2::int`,
      [after, limit],
    );
    return rows.map(({ id, labels, session, started, lastSeen, ended, reason }) => {
      return { id, labels: labelsIn(labels), session, started, lastSeen, ended, reason };
    });
  }

  /** At most `limit` devices with their latest sessions, with ids after `after`, in the order of ids. */
  async listed(after: string, limit: number): Promise<readonly ListedDevice[]> {
    const rows = await this.readers.read(
      `SELECT ${deviceColumns}, ${labelsOfDevice} AS labels, ${sessionColumns}
       FROM device AS d LEFT JOIN session AS s ON s.session = ${latestSession}
       WHERE d.id > $1 ORDER BY d.id LIMIT $2::int`,
      [after, limit],
    );
    return rows.map((row) => {
      const session = row["session"] === null ? null : sessionOf(row);
      const labels = labelsIn(row["labels"] as string | null);
      return Object.assign(deviceOf(row), { labels, session });
    });
  }

  /** Some devices as they are now, with the nodes of their latest sessions; those that are not registered are left out. */
  async placed(ids: readonly string[]): Promise<readonly PlacedRow[]> {
    const rows = await this.readers.read<Raw<PlacedRow>>(
      `SELECT d.id, ${labelsOfDevice} AS labels, coalesce(s.session, 0)::float8 AS session, coalesce(s.started, 0)::float8 AS started,
              coalesce(s.last_seen, 0)::float8 AS "lastSeen", s.ended::float8 AS ended, s.reason,
              coalesce(s.node, '') AS node,
              coalesce((SELECT string_agg(number::text, ',' ORDER BY number) FROM command
                        WHERE device = d.id AND ended IS NULL), '') AS "openCommands"
       FROM device AS d LEFT JOIN LATERAL (
         SELECT * FROM session WHERE device = d.id AND session >= d.first_session ORDER BY session.session DESC LIMIT 1
       ) AS s ON true
       WHERE d.id = ANY($1::text[])`,
      [textArray(ids)],
    );
    return rows.map(({ labels, ...row }) => Object.assign(row, { labels: labelsIn(labels) }));
  }

  async facts(id: string): Promise<DeviceRow | null> {
    const [row = null] = await this.factsOf([id]);
    return row;
  }

  async factsOf(ids: readonly string[]): Promise<readonly (DeviceRow | null)[]> {
    const rows = await this.readers.read(
      `SELECT ${deviceColumns} FROM device AS d WHERE d.id = ANY($1::text[])`,
      [textArray(ids.filter(isStorable))],
    );
    const found = new Map(rows.map((row) => [row["id"] as string, deviceOf(row)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async sessions(id: string, before: number, limit: number): Promise<readonly SessionRow[]> {
    const rows = await this.readers.read(
      `SELECT ${sessionColumns} FROM session AS s
       WHERE s.device = $1 AND s.session < $2::float8::bigint ORDER BY s.session DESC LIMIT $3::int`,
      [id, before, limit],
    );
    return rows.map(sessionOf);
  }

  async sessionsOf(
    ids: readonly string[],
    limit: number,
  ): Promise<readonly (readonly SessionRow[])[]> {
    const rows = await this.readers.read(
      `SELECT s.* FROM unnest($1::text[]) AS wanted(id) CROSS JOIN LATERAL (
         SELECT ${sessionColumns} FROM session AS s WHERE s.device = wanted.id
         ORDER BY s.session DESC LIMIT $2::int
       ) AS s`,
      [textArray(ids), limit],
    );
    const found = Map.groupBy(rows.map(sessionOf), ({ device }) => device);
    return ids.map((id) => (found.get(id) ?? []).sort((a, b) => b.session - a.session));
  }

  commands(query: CommandQuery): Promise<readonly CommandRow[]> {
    return listCommands(this.readers, query);
  }

  command(number: number): Promise<CommandRow | null> {
    return readCommand(this.readers, number);
  }

  async questions(id: string, before: number, limit: number): Promise<readonly QuestionRow[]> {
    const rows = await this.readers.read(
      `SELECT ${questionColumns} FROM question
       WHERE device = $1 AND number < $2::float8::bigint ORDER BY question.number DESC LIMIT $3::int`,
      [id, before, limit],
    );
    return rows.map(questionOf);
  }

  /** The open sessions that a node heard last, read a page at a time: there may be a million. */
  async openSessions(node: string): Promise<readonly SessionRow[]> {
    const found: SessionRow[] = [];
    for (let after = ""; ;) {
      const rows = await this.readers.read(
        `SELECT ${sessionColumns} FROM session AS s
         WHERE s.ended IS NULL AND s.node = $2 AND s.device >= $1 ORDER BY s.device LIMIT ${sessionsPerPage}`,
        [after, node],
      );
      const page = rows.map(sessionOf);
      // The page's last device may have more on the next one.
      const last = page.at(-1)?.device ?? "";
      const isLast = page.length < sessionsPerPage;
      for (const row of page) if (isLast || row.device !== last) found.push(row);
      if (isLast) return found.sort((a, b) => a.session - b.session);
      after = last;
    }
  }

  chunks(from: number, to: number): Promise<readonly ReportChunk[]> {
    return this.summaries.between(from, to);
  }

  async timesAt(id: string, base: number, places: Uint16Array): Promise<Float64Array> {
    const times = new Float64Array(places.length).fill(Number.NaN);
    if (places.length === 0) return times;
    const rows = await this.readers.read<{ sequence: number; at: number }>(
      `SELECT sequence::float8 AS sequence, at::float8 AS at FROM report
       WHERE device = $1 AND sequence >= $2::float8::bigint AND sequence <= $3::float8::bigint
       ORDER BY report.sequence`,
      [id, base + (places[0] as number), base + (places.at(-1) as number)],
    );
    let i = 0;
    for (const { sequence, at } of rows) {
      while (i < places.length && base + (places[i] as number) < sequence) i++;
      if (base + (places[i] as number) === sequence) times[i] = at;
    }
    return times;
  }

  async firstsFrom(
    id: string,
    base: number,
    places: Uint16Array,
    times: Float64Array,
  ): Promise<readonly number[] | null> {
    // One query for all times costs less than a journey for each that the search looks up.
    const own = await this.timesAt(id, base, places);
    return firstsFrom((index) => own[index] as number, own.length, times);
  }

  async end(): Promise<number> {
    return (await this.horizon.read()).end;
  }

  async first(): Promise<number> {
    const [row] = await this.readers.read<{ first: number | null }>(
      "SELECT min(sequence)::float8 AS first FROM report",
    );
    return row?.first ?? this.end();
  }

  isShared(): boolean {
    return !this.isAlone();
  }

  count(): Promise<number> {
    return this.summaries.count();
  }

  async reportsAt(sequences: readonly number[]): Promise<readonly (ReportRow | null)[]> {
    const rows = await this.readers.read(
      `SELECT ${reportColumns} FROM report WHERE sequence = ANY($1::bigint[])`,
      [numberArray(sequences)],
    );
    const found = new Map(rows.map(reportOf).map((row) => [row.sequence, row]));
    return sequences.map((sequence) => found.get(sequence) ?? null);
  }

  async latestOf(ids: readonly string[]): Promise<readonly (ReportRow | null)[]> {
    const rows = await this.readers.read(
      `SELECT r.* FROM unnest($1::text[]) AS wanted(id) CROSS JOIN LATERAL (
         SELECT ${reportColumns} FROM report WHERE device = wanted.id ORDER BY report.sequence DESC LIMIT 1
       ) AS r`,
      [textArray(ids)],
    );
    const found = new Map(rows.map(reportOf).map((row) => [row.device, row]));
    return ids.map((id) => found.get(id) ?? null);
  }

  scan(id: string | null, range: ReportRange, order: "newest" | "oldest"): Scan<ReportRow> {
    return new PostgresScan(this.readers, this.summaries, id, range, order);
  }

  messages(id: string, low: number, high: number): MessageScan {
    return new PostgresMessageScan(this.readers, id, low, high);
  }
}
