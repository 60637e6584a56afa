// The rows of the door while the rules of a batch decide, and the statements of what they decided about them. Decides and sends
// nothing.

import {
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
import { type Labels, labelsObject } from "../../../server/labels.ts";
import type { Statement } from "../connection/writer.ts";

/** SQL for the hours of service. */
export const hoursNow = "(SELECT coalesce(max(hours), 0) FROM service)";

export class DoorOverlay {
  window: WindowRow | null = null;
  /** By number, and by id: those that were loaded. */
  readonly tokens = new Map<number, TokenRow>();
  readonly pending = new Map<string, PendingRow>();
  /** How many devices are pending, of all, by source, and of the one that had most before the batch. */
  crowd = 0;
  largest = 0;
  readonly sources = new Map<string, number>();

  /** What a rule asks for. */
  rowsFor({ token, pending, lists }: DoorKeys): DoorRows {
    const tokens = [...this.tokens.values()].sort((a, b) => a.number - b.number);
    const all = lists === true ? [...this.pending.values()] : [];
    return {
      window: this.window,
      token: (token && tokens.find(({ hash }) => Buffer.compare(hash, token) === 0)) ?? null,
      pending: (pending && this.pending.get(pending.id)) ?? null,
      crowd:
        pending === undefined
          ? noDoorRows.crowd
          : {
              all: this.crowd,
              ofSource: this.sources.get(pending.source) ?? 0,
              ofLargest: this.largest,
            },
      tokens: lists === true ? tokens : [],
      allPending: all.sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
  }

  /** Does a write to the rows; returns its statements. */
  write(write: DoorWrite): Statement[] {
    switch (write.what) {
      case "set-window":
        this.window = write.window;
        return [setWindow(write.window)];
      case "note-window": {
        const { number, leftMs, until } = write;
        if (this.window?.number === number && leftMs < this.window.leftMs) {
          this.window = { ...this.window, leftMs, until };
        }
        return [
          [
            `UPDATE join_window SET left_ms = $2::float8, until = $3::float8
             WHERE number = $1::float8::bigint AND left_ms > $2::float8`,
            [number, leftMs, until],
          ],
        ];
      }
      case "add-token":
        this.tokens.set(write.token.number, write.token);
        return [addToken(write.token)];
      case "use-token":
        return this.#useToken(write);
      case "revoke-token": {
        const token = this.tokens.get(write.number);
        if (token !== undefined) this.tokens.set(write.number, { ...token, revoked: true });
        return [
          [
            "UPDATE join_token SET revoked = true WHERE number = $1::float8::bigint",
            [write.number],
          ],
        ];
      }
      case "remove-token":
        this.tokens.delete(write.number);
        return [["DELETE FROM join_token WHERE number = $1::float8::bigint", [write.number]]];
      case "add-pending":
        return this.#addPending(write.pending);
      case "change-pending":
        this.pending.set(write.pending.id, write.pending);
        return [changePending(write.pending)];
    }
  }

  /** A device is registered: it is pending no longer. */
  remove(id: string): Statement {
    this.pending.delete(id);
    return ["DELETE FROM pending_device WHERE id = $1", [id]];
  }

  #useToken({ number, at }: Extract<DoorWrite, { what: "use-token" }>): Statement[] {
    const token = this.tokens.get(number);
    if (token !== undefined) {
      const usesLeft = token.usesLeft === null ? null : token.usesLeft - 1;
      this.tokens.set(number, { ...token, usesLeft, used: token.used + 1, lastUsed: at });
    }
    const text = `UPDATE join_token SET uses_left = uses_left - 1, used = used + 1, last_used = $2::float8
      WHERE number = $1::float8::bigint`;
    return [[text, [number, at]]];
  }

  #addPending(row: PendingRow): Statement[] {
    this.crowd++;
    this.sources.set(row.source, (this.sources.get(row.source) ?? 0) + 1);
    this.pending.set(row.id, row);
    return [addPending(row), trimPending];
  }
}

/** Another hour of service is over: those that were silent for too long are forgotten. */
export const removeOldPending: Statement = [
  `DELETE FROM pending_device WHERE hour <= ${hoursNow} - ${pendingHours}`,
  [],
];

// Rows that another transaction holds are left to it.
const trimPending: Statement = [
  `DELETE FROM pending_device WHERE id IN (SELECT p.id FROM pending_device AS p
     JOIN (SELECT source, count(*) AS n FROM pending_device GROUP BY source) AS crowd USING (source)
     ORDER BY state = 'approved', CASE WHEN hour >= ${hoursNow} - 1 THEN n ELSE ${pendingMax} END DESC, tries > 1, hour, last_seen
     LIMIT greatest(0, (SELECT count(*) FROM pending_device) - ${pendingMax}) FOR UPDATE OF p SKIP LOCKED)`,
  [],
];

function setWindow({ number, leftMs, until, labels }: WindowRow): Statement {
  return [
    `INSERT INTO join_window (id, number, left_ms, until, labels) VALUES (1, $1::float8, $2::float8, $3::float8, $4)
     ON CONFLICT (id) DO UPDATE SET number = excluded.number, left_ms = excluded.left_ms, until = excluded.until,
       labels = excluded.labels`,
    [number, leftMs, until, jsonOf(labels)],
  ];
}

function addToken(token: TokenRow): Statement {
  const { number, hash, note, created, expires, usesLeft, used, labels, ids } = token;
  const rest = [jsonOf(labels), ids, token.approve, token.text, token.revoked, token.lastUsed];
  return [
    `INSERT INTO join_token (number, hash, note, created, expires, uses_left, used, labels, ids, approve, text, revoked, last_used)
     VALUES ($1::float8, $2::bytea, $3, $4::float8, $5::float8, $6::float8, $7::float8, $8, $9, $10::boolean, $11::boolean,
       $12::boolean, $13::float8)`,
    [number, hash, note, created, expires, usesLeft, used, ...rest],
  ];
}

// Another server may have been faster: its device came first.
function addPending(row: PendingRow): Statement {
  return [
    `INSERT INTO pending_device
       (id, mac, ip, port, source, client_key, first_seen, last_seen, tries, state, labels, hour)
     VALUES ($1, $2, $3, $4::int, $5, $6::bytea, $7::float8, $8::float8, $9::float8, $10, $11, ${hoursNow})
     ON CONFLICT (id) DO NOTHING`,
    valuesOf(row),
  ];
}

function changePending(row: PendingRow): Statement {
  return [
    `UPDATE pending_device SET mac = $2, ip = $3, port = $4::int, source = $5, client_key = $6::bytea,
       first_seen = $7::float8, last_seen = $8::float8, tries = $9::float8, state = $10, labels = $11, hour = ${hoursNow}
     WHERE id = $1`,
    valuesOf(row),
  ];
}

function valuesOf(row: PendingRow): unknown[] {
  const { id, mac, ip, port, source, clientKey, firstSeen, lastSeen, tries, state, labels } = row;
  const seen = [clientKey, firstSeen, lastSeen, tries, state, jsonOf(labels)];
  return [id, mac, ip, port, source, ...seen];
}

function jsonOf(labels: Labels): string {
  return JSON.stringify(labelsObject(labels));
}
