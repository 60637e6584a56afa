// Owns the rows of `join_window`, `join_token` and `pending_device`: who may register. Decides nothing.

import type { Database, Statement } from "bun:sqlite";
import {
  type Crowd,
  type DoorKeys,
  type DoorRows,
  type DoorWrite,
  noDoorRows,
  pendingHours,
  pendingMax,
  type PendingRow,
  type TokenRow,
  type WindowRow,
} from "../../../server/door/door-rows.ts";
import { labelsIn, labelsObject } from "../../../server/labels.ts";
import { prepare } from "../file/statements.ts";

/** A row whose labels are still JSON, and whose flags are numbers. */
type Raw<Row> = {
  readonly [Name in keyof Row]: Name extends "labels"
    ? string
    : Row[Name] extends boolean
      ? number
      : Row[Name];
};

const hoursNow = "(SELECT coalesce(max(hours), 0) FROM service)";
const tokenColumns = `number, hash, note, created, expires, uses_left AS usesLeft, used, labels, ids, approve, text, revoked,
  last_used AS lastUsed`;
const pendingColumns = `id, mac, ip, port, source, client_key AS clientKey, first_seen AS firstSeen, last_seen AS lastSeen, tries,
  state, labels`;

export class DoorTable {
  readonly #window: Statement<Raw<WindowRow>>;
  readonly #token: Statement<Raw<TokenRow>>;
  readonly #tokens: Statement<Raw<TokenRow>>;
  readonly #pending: Statement<Raw<PendingRow>>;
  readonly #allPending: Statement<Raw<PendingRow>>;
  readonly #crowd: Statement<Crowd>;
  readonly #setWindow: Statement;
  readonly #noteWindow: Statement;
  readonly #addToken: Statement;
  readonly #useToken: Statement;
  readonly #revokeToken: Statement;
  readonly #removeToken: Statement;
  readonly #addPending: Statement;
  readonly #changePending: Statement;
  readonly #trim: Statement;
  readonly #remove: Statement;
  readonly #removeOld: Statement;

  constructor(database: Database) {
    this.#window = prepare(
      database,
      "SELECT number, left_ms AS leftMs, until, labels FROM join_window",
    );
    this.#token = prepare(database, `SELECT ${tokenColumns} FROM join_token WHERE hash = ?`);
    this.#tokens = prepare(database, `SELECT ${tokenColumns} FROM join_token ORDER BY number`);
    this.#pending = prepare(database, `SELECT ${pendingColumns} FROM pending_device WHERE id = ?`);
    this.#allPending = prepare(
      database,
      `SELECT ${pendingColumns} FROM pending_device ORDER BY id`,
    );
    this.#crowd = prepare(
      database,
      `SELECT heard AS "all", (SELECT count(*) FROM pending_device WHERE source = ?) AS ofSource,
         CASE WHEN heard < ${pendingMax} THEN 0
           ELSE (SELECT max(n) FROM (SELECT count(*) AS n FROM pending_device GROUP BY source)) END AS ofLargest
       FROM (SELECT count(*) AS heard FROM pending_device WHERE hour >= ${hoursNow} - 1)`,
    );
    this.#setWindow = prepare(
      database,
      `INSERT OR REPLACE INTO join_window (id, number, left_ms, until, labels) VALUES (1, ?, ?, ?, ?)`,
    );
    this.#noteWindow = prepare(
      database,
      "UPDATE join_window SET left_ms = ?2, until = ?3 WHERE number = ?1 AND left_ms > ?2",
    );
    this.#addToken = prepare(
      database,
      `INSERT INTO join_token (number, hash, note, created, expires, uses_left, used, labels, ids, approve, text, revoked, last_used)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#useToken = prepare(
      database,
      "UPDATE join_token SET uses_left = uses_left - 1, used = used + 1, last_used = ?2 WHERE number = ?1",
    );
    this.#revokeToken = prepare(database, "UPDATE join_token SET revoked = 1 WHERE number = ?");
    this.#removeToken = prepare(database, "DELETE FROM join_token WHERE number = ?");
    const values = [...Array(11).keys()].map((i) => `?${i + 1}`).join(", ");
    this.#addPending = prepare(
      database,
      `INSERT OR REPLACE INTO pending_device
         (id, mac, ip, port, source, client_key, first_seen, last_seen, tries, state, labels, hour)
       VALUES (${values}, ${hoursNow})`,
    );
    this.#changePending = prepare(
      database,
      `UPDATE pending_device SET mac = ?2, ip = ?3, port = ?4, source = ?5, client_key = ?6, first_seen = ?7, last_seen = ?8,
         tries = ?9, state = ?10, labels = ?11, hour = ${hoursNow} WHERE id = ?1`,
    );
    this.#trim = prepare(
      database,
      `DELETE FROM pending_device WHERE id IN (SELECT id FROM pending_device
         JOIN (SELECT source, count(*) AS n FROM pending_device GROUP BY source) USING (source)
         ORDER BY state = 'approved', CASE WHEN hour >= ${hoursNow} - 1 THEN n ELSE ${pendingMax} END DESC, tries > 1, hour,
           last_seen
         LIMIT max(0, (SELECT count(*) FROM pending_device) - ${pendingMax}))`,
    );
    this.#remove = prepare(database, "DELETE FROM pending_device WHERE id = ?");
    this.#removeOld = prepare(
      database,
      `DELETE FROM pending_device WHERE hour <= ${hoursNow} - ${pendingHours}`,
    );
  }

  /** What a rule asks for. */
  load({ token, pending, lists }: DoorKeys): DoorRows {
    const window = this.#window.get();
    const found = token === undefined ? null : this.#token.get(token);
    const own = pending === undefined ? null : this.#pending.get(pending.id);
    return {
      window: window && { ...window, labels: labelsIn(window.labels) },
      token: found && tokenFrom(found),
      pending: own && pendingFrom(own),
      crowd: pending === undefined ? noDoorRows.crowd : (this.#crowd.get(pending.source) as Crowd),
      tokens: lists === true ? this.#tokens.all().map(tokenFrom) : [],
      allPending: lists === true ? this.#allPending.all().map(pendingFrom) : [],
    };
  }

  /** Carries out a write. */
  write(write: DoorWrite): void {
    switch (write.what) {
      case "set-window": {
        const { number, leftMs, until, labels } = write.window;
        return void this.#setWindow.run(number, leftMs, until, jsonOf(labels));
      }
      case "note-window":
        return void this.#noteWindow.run(write.number, write.leftMs, write.until);
      case "add-token":
        return this.#add(write.token);
      case "use-token":
        return void this.#useToken.run(write.number, write.at);
      case "revoke-token":
        return void this.#revokeToken.run(write.number);
      case "remove-token":
        return void this.#removeToken.run(write.number);
      case "add-pending":
        this.#addPending.run(...valuesOf(write.pending));
        return void this.#trim.run();
      case "change-pending":
        return void this.#changePending.run(...valuesOf(write.pending));
    }
  }

  /** A device is registered. */
  remove(id: string): void {
    this.#remove.run(id);
  }

  /** Another hour of service is over. */
  countHour(): void {
    this.#removeOld.run();
  }

  #add(token: TokenRow): void {
    const { number, hash, note, created, expires, usesLeft, used, labels, ids } = token;
    const flags = [token.approve, token.text, token.revoked].map(Number);
    const made = [number, hash, note, created, expires, usesLeft, used, jsonOf(labels), ids];
    this.#addToken.run(...made, ...flags, token.lastUsed);
  }
}

function jsonOf(labels: TokenRow["labels"]): string {
  return JSON.stringify(labelsObject(labels));
}

function tokenFrom(raw: Raw<TokenRow>): TokenRow {
  const flags = { approve: raw.approve !== 0, text: raw.text !== 0, revoked: raw.revoked !== 0 };
  return { ...raw, ...flags, labels: labelsIn(raw.labels) };
}

function pendingFrom(raw: Raw<PendingRow>): PendingRow {
  return { ...raw, labels: labelsIn(raw.labels) };
}

function valuesOf(pending: PendingRow) {
  const { id, mac, ip, port, source, clientKey, firstSeen, lastSeen, tries, state } = pending;
  const seen = [clientKey, firstSeen, lastSeen, tries, state, jsonOf(pending.labels)] as const;
  return [id, mac, ip, port, source, ...seen] as const;
}
