// The rows of `login`: one a session, from its LOGIN to its end.

import type { Database, Statement } from "bun:sqlite";
import type { EndReason, Endpoint, StoredSession, Touch } from "../server/operation.ts";
import { prepare } from "./statements.ts";

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
  client_key: Uint8Array | null;
};

/** What a LOGIN and a RESUME have in common. */
type Opening = {
  readonly id: string;
  readonly source: Endpoint;
  readonly stated: Endpoint;
  readonly at: number;
};

export class SessionRows {
  readonly #insert: Statement<{ session: number }>;
  readonly #endOpen: Statement;
  readonly #end: Statement;
  readonly #touch: Statement;

  constructor(private readonly database: Database) {
    this.#insert = prepare(
      database,
      `INSERT INTO login (device, ip, port, login_ip, login_port, started, last_seen, client_key)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7) RETURNING session`,
    );
    this.#endOpen = prepare(
      database,
      "UPDATE login SET ended = ?, reason = ? WHERE device = ? AND ended IS NULL",
    );
    this.#end = prepare(
      database,
      "UPDATE login SET ended = ?, reason = ? WHERE session = ? AND ended IS NULL",
    );
    this.#touch = prepare(
      database,
      "UPDATE login SET last_seen = ?, ip = ?, port = ?, every = ? WHERE session = ?",
    );
  }

  /**
   * Opens a session in place of the device's earlier one; returns its number.
   * @param clientKey the key of a sealed session, or null
   */
  open({ id, source, stated, at }: Opening, clientKey: Uint8Array | null): number {
    this.endOpen(id, "replaced", at);
    const from = [source.ip, source.port] as const;
    const row = this.#insert.get(id, ...from, stated.ip, stated.port, at, clientKey);
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
      clientKey: row.client_key,
    }));
  }
}
