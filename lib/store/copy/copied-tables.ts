// The tables that a copy takes over as they are, all but the reports: their columns in SQLite and in PostgreSQL, and how rows
// are read from both in one form and written. Runs no statement.

import { bytes, flag, int, type Kind, long, plain, rawOf, real, text } from "./copied-kinds.ts";
import { numberArray, textArray } from "../postgres/connection/arrays.ts";
import type { Statement } from "../postgres/connection/writer.ts";

/** A row in the form that both sides are read in: numbers and texts. */
export type CopiedRow = Readonly<Record<string, string | number | null>>;

/** A place in a table: the values of the columns of its key. */
export type Place = readonly (string | number)[];

/** A table that is copied. */
export type CopiedTable = {
  readonly table: string;
  readonly source: string;
  /** The columns of the key in whose order rows are copied, as both sides call them, and a place below all rows. */
  readonly key: readonly string[];
  readonly below: Place;
  readonly columns: Readonly<Record<string, Kind>>;
};

/** In the order in which they are copied. */
export const copiedTables: readonly CopiedTable[] = [
  {
    table: "device",
    source: "registrar",
    key: ["id"],
    below: [""],
    columns: {
      id: text,
      mac: text,
      mac_key: text,
      ip: text,
      port: int,
      password: text,
      sealed_key: bytes,
      stored_proof: bytes,
      text_locked: flag,
      registered: int,
      updated: int,
      first_session: int,
      repeats: int,
    },
  },
  {
    table: "label",
    source: "label",
    key: ["device", "key"],
    below: ["", ""],
    columns: { device: text, key: text, value: text, mac_key: text },
  },
  {
    table: "join_window",
    source: "join_window",
    key: ["id"],
    below: [-1],
    columns: { id: int, number: int, left_ms: real, until: real, labels: text },
  },
  {
    table: "join_token",
    source: "join_token",
    key: ["number"],
    below: [-1],
    columns: {
      number: int,
      hash: bytes,
      note: text,
      created: int,
      expires: int,
      uses_left: int,
      used: int,
      labels: text,
      ids: text,
      approve: flag,
      text: flag,
      revoked: flag,
      last_used: int,
    },
  },
  {
    table: "pending_device",
    source: "pending_device",
    key: ["id"],
    below: [""],
    columns: {
      id: text,
      mac: text,
      ip: text,
      port: int,
      source: text,
      client_key: bytes,
      first_seen: int,
      last_seen: int,
      tries: int,
      state: text,
      labels: text,
      hour: int,
    },
  },
  {
    table: "session",
    source: "login",
    key: ["session"],
    below: [-1],
    columns: {
      session: int,
      device: text,
      ip: text,
      port: int,
      login_ip: text,
      login_port: int,
      every: real,
      started: int,
      last_seen: int,
      ended: int,
      reason: text,
      client_key: bytes,
      clock_offset: int,
    },
  },
  {
    table: "question",
    source: "question",
    key: ["number"],
    below: [-1],
    columns: {
      number: int,
      device: text,
      code: text,
      target: text,
      asker: text,
      time: text,
      asked: int,
      hour: int,
      answered: int,
      answer_code: text,
      answer_time: text,
      answer: plain,
      answer_raw: rawOf("answer"),
    },
  },
  {
    table: "command",
    source: "command",
    key: ["number"],
    below: [-1],
    columns: {
      number: int,
      device: text,
      mac_key: text,
      message: text,
      origin: text,
      request: text,
      created: int,
      expires: int,
      due: int,
      sendings: int,
      sent: int,
      delivered: int,
      ended: int,
      hour: int,
      outcome: text,
      code: text,
      result: plain,
      result_raw: rawOf("result"),
      late: flag,
    },
  },
  {
    table: "answered",
    source: "answered",
    key: ["number"],
    below: [-1],
    columns: {
      number: int,
      device: text,
      client_key: bytes,
      msgid: long,
      code: text,
      digest: bytes,
    },
  },
  {
    table: "alert_setting",
    source: "alert_setting",
    key: ["kind", "name"],
    below: ["", ""],
    columns: { kind: text, name: text, value: bytes },
  },
  {
    table: "alert",
    source: "alert",
    key: ["number"],
    below: [-1],
    columns: {
      number: int,
      rule: text,
      device: text,
      state: text,
      value: real,
      since: int,
      fired: int,
      resolved: int,
      notified: int,
      notices: int,
    },
  },
  {
    table: "alert_delivery",
    source: "alert_delivery",
    key: ["number"],
    below: [-1],
    columns: {
      number: int,
      destination: text,
      body: bytes,
      created: int,
      tries: int,
      status: bytes,
      ended: int,
    },
  },
];

/** The place of a row. */
export function placeOf({ key }: CopiedTable, row: CopiedRow): Place {
  return key.map((name) => row[name] as string | number);
}

/** The query for the next rows in SQLite; its parameters are the place before them and how many. */
export function readingFrom({ source, key, columns }: CopiedTable): string {
  const list = Object.entries(columns).map(([name, { from }]) => `${from(name)} AS ${name}`);
  const names = key.map((name) => `s.${name}`).join(", ");
  const after = key.map(() => "?").join(", ");
  return `SELECT ${list.join(", ")} FROM ${source} AS s WHERE (${names}) > (${after}) ORDER BY ${names} LIMIT ?`;
}

/** The statement for the next rows in PostgreSQL. @param after the place before them */
export function readingBack(of: CopiedTable, after: Place, count: number): Statement {
  const { table, key, columns } = of;
  const list = Object.entries(columns).map(([name, { back }]) => `${back(`t.${name}`)} AS ${name}`);
  const names = key.map((name) => `t.${name}`).join(", ");
  const casts = after.map(
    (it, i) => `$${i + 1}::${typeof it === "number" ? "float8::bigint" : "text"}`,
  );
  return [
    `SELECT ${list.join(", ")} FROM ${table} AS t WHERE (${names}) > (${casts.join(", ")})
     ORDER BY ${names} LIMIT $${after.length + 1}::int`,
    [...after, count],
  ];
}

/** The statement that stores rows. */
export function inserting({ table, columns }: CopiedTable, rows: readonly CopiedRow[]): Statement {
  const kinds = Object.entries(columns);
  const names = kinds.map(([name]) => name).join(", ");
  const values = kinds.map(([name, { to }]) => to(name)).join(", ");
  const arrays = kinds.map(([, { array }], i) => `$${i + 1}::${array}[]`).join(", ");
  return [
    `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE
     SELECT ${values} FROM unnest(${arrays}) AS given (${names})`,
    kinds.map(([name, { array }]) => {
      const column = rows.map((row) => row[name] ?? null);
      return array === "text"
        ? textArray(column as (string | null)[])
        : numberArray(column as (number | null)[]);
    }),
  ];
}
