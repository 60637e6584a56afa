// Loads the rows of the door that the steps of a batch name: the window, tokens and pending devices, locked in this order and
// in that of their keys, after the devices. Decides nothing.

import type {
  Crowd,
  DoorKeys,
  PendingRow,
  TokenRow,
  WindowRow,
} from "../../../server/door/door-rows.ts";
import { labelsIn } from "../../../server/labels.ts";
import type { Keys } from "../../../server/store-port.ts";
import { byteaText, textArray } from "../connection/arrays.ts";
import type { Rows, Statement } from "../connection/writer.ts";
import { type DoorOverlay, hoursNow } from "./door-overlay.ts";

/** As `Loading` in loading.ts, of the door alone. */
type Held = { readonly door: DoorOverlay };
type DoorLoading = {
  readonly statement: Statement;
  readonly take: (rows: Rows, held: Held) => void;
};

const tokenColumns = `number::float8 AS number, hash, note, created::float8 AS created, expires::float8 AS expires,
  uses_left::float8 AS "usesLeft", used::float8 AS used, labels, ids, approve, text, revoked, last_used::float8 AS "lastUsed"`;
const pendingColumns = `id, mac, ip, port, source, client_key AS "clientKey", first_seen::float8 AS "firstSeen",
  last_seen::float8 AS "lastSeen", tries::float8 AS tries, state, labels`;

/** What a batch needs loaded of the door; nothing if no step asks for it. */
export function doorLoadings(all: readonly Keys[]): DoorLoading[] {
  const keys = all.flatMap(({ door }) => door ?? []);
  if (keys.length === 0) return [];
  const tokens = keys.flatMap(({ token }) => token ?? []);
  const pending = keys.flatMap((one) => one.pending ?? []);
  const hasLists = keys.some(({ lists }) => lists === true);
  return [
    theWindow,
    ...(tokens.length === 0 ? [] : [tokensWith(tokens)]),
    ...(pending.length === 0 ? [] : [pendingOf(pending), crowds(pending)]),
    ...(hasLists ? [allTokens, allPending] : []),
  ];
}

const theWindow: DoorLoading = {
  statement: [
    'SELECT number::float8 AS number, left_ms AS "leftMs", until, labels FROM join_window',
    [],
  ],
  take: (rows, { door }) => {
    const [row] = rows as unknown as Raw<WindowRow>[];
    door.window = row === undefined ? null : withLabels<WindowRow>(row);
  },
};

function tokensWith(hashes: readonly Uint8Array[]): DoorLoading {
  const text = `SELECT ${tokenColumns} FROM join_token WHERE hash = ANY($1::bytea[]) ORDER BY number FOR UPDATE`;
  return { statement: [text, [textArray(hashes.map(byteaText))]], take: takeTokens };
}

const allTokens: DoorLoading = {
  statement: [`SELECT ${tokenColumns} FROM join_token ORDER BY number`, []],
  take: takeTokens,
};

function pendingOf(pending: readonly NonNullable<DoorKeys["pending"]>[]): DoorLoading {
  const text = `SELECT ${pendingColumns} FROM pending_device WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE`;
  const ids = [...new Set(pending.map(({ id }) => id))];
  return { statement: [text, [textArray(ids)]], take: takePending };
}

const allPending: DoorLoading = {
  statement: [`SELECT ${pendingColumns} FROM pending_device ORDER BY id`, []],
  take: takePending,
};

function crowds(pending: readonly NonNullable<DoorKeys["pending"]>[]): DoorLoading {
  const text = `SELECT given.source, (SELECT count(*) FROM pending_device WHERE hour >= ${hoursNow} - 1)::int AS "all",
      (SELECT count(*) FROM pending_device AS p WHERE p.source = given.source)::int AS "ofSource",
      (SELECT max(n) FROM (SELECT count(*) AS n FROM pending_device GROUP BY source) AS crowd)::int AS "ofLargest"
    FROM unnest($1::text[]) AS given (source)`;
  const sources = [...new Set(pending.map(({ source }) => source))];
  return {
    statement: [text, [textArray(sources)]],
    take: (rows, { door }) => {
      for (const row of rows as unknown as (Crowd & { readonly source: string })[]) {
        door.crowd = row.all;
        door.largest = row.ofLargest ?? 0;
        door.sources.set(row.source, row.ofSource);
      }
    },
  };
}

function takeTokens(rows: Rows, { door }: Held): void {
  for (const row of (rows as unknown as Raw<TokenRow>[]).map(withLabels<TokenRow>)) {
    door.tokens.set(row.number, row);
  }
}

function takePending(rows: Rows, { door }: Held): void {
  for (const row of (rows as unknown as Raw<PendingRow>[]).map(withLabels<PendingRow>)) {
    door.pending.set(row.id, row);
  }
}

/** A row whose labels are still JSON. */
type Raw<Row> = Omit<Row, "labels"> & { readonly labels: string };

function withLabels<Row extends WindowRow | TokenRow | PendingRow>(row: Raw<Row>): Row {
  return { ...row, labels: labelsIn(row.labels) } as unknown as Row;
}
