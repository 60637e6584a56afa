// Owns the rows of `login`: one per session, from its LOGIN to its end. Never decides when a session ends.

import type { Database, Statement } from "bun:sqlite";
import type {
  EndReason,
  Endpoint,
  Operation,
  StoredSession,
  Touch,
} from "../../../server/operation.ts";
import { prepare } from "../file/statements.ts";

/**
 * SQL for the number of the latest session of the device in row `r` of `registrar`, since it was registered. Sessions are
 * ordered by their numbers: times change when the clock is set.
 */
export const latestSession = `(SELECT session FROM login
  WHERE device = r.id AND session >= r.first_session ORDER BY session DESC LIMIT 1)`;

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
  clock_offset: number | null;
};

/** The fields of LOGIN and RESUME operations that open a session. */
type Opening = {
  readonly id: string;
  readonly source: Endpoint;
  readonly stated: Endpoint;
  readonly at: number;
};

/** The number of a new session, and the clock offset of the one before. */
type Opened = { readonly session: number; readonly clockOffset: number | null };

export class SessionRows {
  readonly #insert: Statement<Opened>;
  readonly #endOpen: Statement;
  readonly #end: Statement;
  readonly #touch: Statement;

  constructor(private readonly database: Database) {
    this.#insert = prepare(
      database,
      `INSERT INTO login
       (device, ip, port, login_ip, login_port, started, last_seen, client_key, clock_offset)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7,
         (SELECT clock_offset FROM login WHERE device = ?1 ORDER BY session DESC LIMIT 1))
       RETURNING session, clock_offset AS clockOffset`,
    );
    this.#endOpen = prepare(
      database,
      "UPDATE login SET ended = ?, reason = ? WHERE device = ? AND ended IS NULL",
    );
    this.#end = prepare(
      database,
      "UPDATE login SET ended = ?, reason = ?, last_seen = ? WHERE session = ? AND ended IS NULL",
    );
    this.#touch = prepare(
      database,
      "UPDATE login SET last_seen = ?, ip = ?, port = ?, every = ?, clock_offset = ? WHERE session = ?",
    );
  }

  /**
   * Opens a session and ends the device's earlier one, of which it takes over what that showed of the device's clock.
   * @param clientKey the client key of a sealed session, or null
   */
  open({ id, source, stated, at }: Opening, clientKey: Uint8Array | null): Opened {
    this.endOpen(id, "replaced", at);
    const from = [source.ip, source.port] as const;
    return this.#insert.get(id, ...from, stated.ip, stated.port, at, clientKey) as Opened;
  }

  /** Ends the open session of a device, if there is one. `at` is in ms since 1970. */
  endOpen(device: string, reason: EndReason, at: number): void {
    this.#endOpen.run(at, reason, device);
  }

  /** Ends a session if it is open. Times are in ms since 1970. */
  end({ session, reason, lastSeen, at }: Extract<Operation, { kind: "end" }>): void {
    this.#end.run(at, reason, lastSeen, session);
  }

  /** Stores when and from where sessions were last heard. */
  touch(touches: readonly Touch[]): void {
    for (const { session, lastSeen, source, everySeconds, clockOffset } of touches) {
      this.#touch.run(lastSeen, source.ip, source.port, everySeconds, clockOffset, session);
    }
  }

  /** All open sessions, which a server loads when it starts. */
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
      clockOffset: row.clock_offset,
    }));
  }
}
