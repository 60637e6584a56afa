// The rows of `login`: one a session, from its LOGIN to its end.

import type { Database, Statement } from "bun:sqlite";
import type { EndReason, Endpoint, StoredSession, Touch } from "../server/operation.ts";

type OpenRow = {
  session: number;
  device: string;
  ip: string;
  port: number;
  login_ip: string;
  login_port: number;
  every: number | null;
  started: number;
  last_seen: number;
};

export class SessionRows {
  readonly #insert: Statement<{ session: number }>;
  readonly #endOpen: Statement;
  readonly #end: Statement;
  readonly #touch: Statement;

  constructor(private readonly database: Database) {
    this.#insert = database.prepare(
      `INSERT INTO login (device, ip, port, login_ip, login_port, started, last_seen)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) RETURNING session`,
    );
    this.#endOpen = database.prepare(
      "UPDATE login SET ended = ?, reason = ? WHERE device = ? AND ended IS NULL",
    );
    this.#end = database.prepare(
      "UPDATE login SET ended = ?, reason = ? WHERE session = ? AND ended IS NULL",
    );
    this.#touch = database.prepare(
      "UPDATE login SET last_seen = ?, ip = ?, port = ?, every = ? WHERE session = ?",
    );
  }

  /** Opens a session in place of the device's earlier one; returns its number. */
  open(device: string, source: Endpoint, stated: Endpoint, at: number): number {
    this.endOpen(device, "replaced", at);
    const row = this.#insert.get(device, source.ip, source.port, stated.ip, stated.port, at);
    return (row as { session: number }).session;
  }

  /** Ends whatever session of the device is open. */
  endOpen(device: string, reason: EndReason, at: number): void {
    this.#endOpen.run(at, reason, device);
  }

  end(session: number, reason: EndReason, at: number): void {
    this.#end.run(at, reason, session);
  }

  touch(touches: readonly Touch[]): void {
    for (const { session, lastSeen, source, everySeconds } of touches) {
      this.#touch.run(lastSeen, source.ip, source.port, everySeconds, session);
    }
  }

  /** The sessions that are open, for a server that starts. */
  allOpen(): StoredSession[] {
    const rows = this.database.query<OpenRow, []>("SELECT * FROM login WHERE ended IS NULL").all();
    return rows.map((row) => ({
      session: row.session,
      id: row.device,
      source: { ip: row.ip, port: row.port },
      stated: { ip: row.login_ip, port: row.login_port },
      started: row.started,
      lastSeen: row.last_seen,
      everySeconds: row.every,
    }));
  }
}
