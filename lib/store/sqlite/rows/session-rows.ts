// Owns the rows of `login`: one per session, from its LOGIN to its end. Never decides when a session ends.

import type { Database, Statement } from "bun:sqlite";
import type { EndReason, NewSession, SessionRow, Touch } from "../../../server/rows.ts";
import type { Keys, Write } from "../../../server/store-port.ts";
import { prepare } from "../file/statements.ts";

/**
 * SQL for the number of the latest session of the device in row `r` of `registrar`, since it was registered. Sessions are
 * ordered by their numbers: times change when the clock is set.
 */
export const latestSession = `(SELECT session FROM login
  WHERE device = r.id AND session >= r.first_session ORDER BY session DESC LIMIT 1)`;

/** The columns of `RawSession` in the table `login AS l`. */
export const sessionColumns = `l.session, l.device, l.ip AS sourceIp, l.port AS sourcePort,
  l.login_ip AS statedIp, l.login_port AS statedPort, l.every AS everySeconds, l.started,
  l.last_seen AS lastSeen, l.ended, l.reason, l.client_key AS clientKey, l.clock_offset AS clockOffset, '' AS node`;

/** A row of `sessionColumns` as SQLite gives it. */
export type RawSession = Omit<SessionRow, "source" | "stated"> & {
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly statedIp: string;
  readonly statedPort: number;
};

/** The session in a row of `sessionColumns`. */
export function sessionOf(raw: RawSession): SessionRow {
  const { session, device, started, lastSeen, everySeconds, ended, reason } = raw;
  const { clientKey, clockOffset, node } = raw;
  const source = { ip: raw.sourceIp, port: raw.sourcePort };
  const stated = { ip: raw.statedIp, port: raw.statedPort };
  const times = { started, lastSeen, everySeconds, ended, reason };
  return { session, device, source, stated, ...times, clientKey, clockOffset, node };
}

/** Ends a device's open session. The other index would go through all sessions that the device ever had. */
export const endOpenSql =
  "UPDATE login INDEXED BY login_open SET ended = ?, reason = ? WHERE device = ? AND ended IS NULL";

export class SessionRows {
  readonly #latest: Statement<RawSession>;
  readonly #insert: Statement<{ session: number }>;
  readonly #endOpen: Statement;
  readonly #end: Statement;
  readonly #touch: Statement;
  readonly #move: Statement;
  readonly #loggedIn: Statement<{ device: string }>;

  constructor(private readonly database: Database) {
    this.#latest = prepare(
      database,
      `SELECT ${sessionColumns} FROM login AS l WHERE l.device = ? ORDER BY l.session DESC LIMIT 1`,
    );
    this.#insert = prepare(
      database,
      `INSERT INTO login
       (device, ip, port, login_ip, login_port, started, last_seen, client_key, clock_offset)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8) RETURNING session`,
    );
    this.#endOpen = prepare(database, endOpenSql);
    this.#end = prepare(
      database,
      "UPDATE login SET ended = ?, reason = ?, last_seen = ? WHERE session = ? AND ended IS NULL",
    );
    this.#touch = prepare(
      database,
      "UPDATE login SET last_seen = ?, ip = ?, port = ?, every = ?, clock_offset = ? WHERE session = ?",
    );
    this.#move = prepare(
      database,
      "UPDATE login SET ip = ?, port = ? WHERE session = ? AND ended IS NULL",
    );
    this.#loggedIn = prepare(
      database,
      `SELECT device FROM login INDEXED BY login_open
       WHERE ended IS NULL AND device > ?1 AND (NOT ?2 OR client_key IS NULL) ORDER BY device LIMIT ?3`,
    );
  }

  /** The ids with open sessions; see `Keys.loggedIn`. */
  loggedIn({ after, inText, limit }: NonNullable<Keys["loggedIn"]>): string[] {
    const rows = this.#loggedIn.all(after ?? "", Number(inText), limit);
    return rows.map(({ device }) => device);
  }

  /** A session comes from another address from now on. */
  move({ session, source }: Extract<Write, { kind: "move-session" }>): void {
    this.#move.run(source.ip, source.port, session);
  }

  /** The latest session of a device, also one of an earlier registration; or null. */
  latestOf(device: string): SessionRow | null {
    const row = this.#latest.get(device);
    return row === null ? null : sessionOf(row);
  }

  /** Opens a session; returns its number. */
  open({ device, source, stated, started, clientKey, clockOffset }: NewSession): number {
    const from = [source.ip, source.port] as const;
    const row = this.#insert.get(
      device,
      ...from,
      stated.ip,
      stated.port,
      started,
      clientKey,
      clockOffset,
    );
    return (row as { session: number }).session;
  }

  /** Ends the open session of a device, if there is one. `at` is in ms since 1970. */
  endOpen(device: string, reason: EndReason, at: number): void {
    this.#endOpen.run(at, reason, device);
  }

  /** Ends a session if it is open. Times are in ms since 1970. */
  end({ session, reason, lastSeen, at }: Extract<Write, { kind: "end-session" }>): void {
    this.#end.run(at, reason, lastSeen, session);
  }

  /** Stores when and from where sessions were last heard; returns how many there were. */
  touch(touches: readonly Touch[]): number {
    let touched = 0;
    for (const { session, lastSeen, source, everySeconds, clockOffset } of touches) {
      const { ip, port } = source;
      touched += this.#touch.run(lastSeen, ip, port, everySeconds, clockOffset, session).changes;
    }
    return touched;
  }

  /** All open sessions, which a server loads when it starts. */
  allOpen(): SessionRow[] {
    const sql = `SELECT ${sessionColumns} FROM login AS l WHERE l.ended IS NULL`;
    return this.database.query<RawSession, []>(sql).all().map(sessionOf);
  }
}
