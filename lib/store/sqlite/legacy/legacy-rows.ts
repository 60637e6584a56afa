// Owns reading the rows of a database of the original system: `registrar(username, ip, mac, password, port, active)`,
// or the older `registrar(username, mac, ip, password)` with `login(username, active)`. Tells which rows become
// devices, and why others do not. Never quotes a password, or a field that may contain one by mistake.

import type { Database } from "bun:sqlite";
import { comparableMac, fieldRules, isId } from "../../../protocol/fields.ts";
import { canonicalIp } from "../../../protocol/ip.ts";
import { NoteLimit } from "./legacy-notes.ts";

/** A device of the original system; `ip` in canonical spelling. */
export type LegacyDevice = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  /** In plain text, or hashed in the form that this server uses. */
  readonly password: string;
};

type Row = Record<(typeof needed)[number] | "port" | "active", string | null>;

const needed = ["username", "mac", "ip", "password"] as const;
/**
 * Stands for the port of a device if the original system did not store it: 9, the discard service. The device states
 * its own when it registers again.
 */
export const portUnknown = 9;
const ourHash = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{43}$/;
const inactive = new Set(["", "0", "0.0", "false", "f", "no", "n", "off", "inactive", "none"]);

/** Whether the password is already hashed in the form that this server uses. */
export function isOurHash(password: string): boolean {
  return ourHash.test(password);
}

/** Whether this is a database of the original system, by the columns of its registrar. */
export function isLegacy(database: Database): boolean {
  const columns = columnsOf(database, "registrar");
  return needed.every((name) => columns.has(name));
}

/**
 * Reads the devices, in the order of their rows. If a username has several rows, the last valid one counts.
 * @param onNote receives one sentence for each thing that an operator should know
 */
export function readLegacy(database: Database, onNote: (words: string) => void): LegacyDevice[] {
  const notes = new NoteLimit(onNote);
  const devices = new Map<string, { readonly device: LegacyDevice; readonly row: number }>();
  const portless = new Set<string>();
  const active = new Set<string>();
  for (const [i, { port, ...rest }] of rowsOf(database).entries()) {
    // A text column keeps a number as it was written, such as 9000.0.
    const row = { ...rest, port: port?.replace(/\.0+$/, "") ?? null };
    const complaint = complaintAbout(row);
    if (complaint !== null) {
      notes.add("rows left out", `Row ${i + 1}${nameOf(row)} is left out: ${complaint}.`);
      continue;
    }
    const device = deviceOf(row);
    const before = devices.get(device.id);
    if (before !== undefined) {
      const words = `Row ${before.row} (${device.id}) is left out: row ${i + 1} is a later one.`;
      notes.add("rows with a later one", words);
      // Deleted so that `set` appends it: the Map keeps the order of the rows.
      devices.delete(device.id);
    }
    devices.set(device.id, { device, row: i + 1 });
    if (isActive(row.active)) active.add(device.id);
    else active.delete(device.id);
    if (row.port) portless.delete(device.id);
    else portless.add(device.id);
  }
  const kept = [...devices.values()].map(({ device }) => device);
  noteShared(kept, notes);
  if (portless.size > 0) {
    const names = namesOf([...portless]);
    onNote(
      `No port is known for ${names}: ${portUnknown} stands for it until they register again.`,
    );
  }
  for (const id of activeLogins(database)) if (devices.has(id)) active.add(id);
  if (active.size > 0)
    onNote(`These were logged in and have to log in again: ${namesOf([...active])}.`);
  notes.close();
  return kept;
}

/** Why a row cannot become a device, or null if it can. */
function complaintAbout(row: Row): string | null {
  const missing = needed.filter((name) => !row[name]);
  if (missing.length === needed.length) return "it is empty";
  if (missing.length > 0) return `it has no ${missing.join(", no ")}`;
  const { username, mac, ip, password, port } = row as Record<keyof Row, string>;
  for (const [name, value] of Object.entries({ id: username, mac, ip, port })) {
    const rule = fieldRules[name as "id"];
    // An empty value can only be the port: `portUnknown` replaces it.
    if (value && !rule.test(value)) return rule.says;
  }
  return fieldRules.password.test(password) ? null : fieldRules.password.says;
}

function deviceOf(row: Row): LegacyDevice {
  const { username, mac, ip, password, port } = row as Record<keyof Row, string>;
  return {
    id: username,
    mac,
    ip: canonicalIp(ip),
    port: port ? Number(port) : portUnknown,
    password,
  };
}

/** Notes devices that share an IP or MAC. The original accepted them, so they keep it until they register again. */
function noteShared(devices: readonly LegacyDevice[], notes: NoteLimit): void {
  const of = { IP: (device: LegacyDevice) => device.ip, MAC: macOf };
  for (const [what, keyOf] of Object.entries(of)) {
    for (const [key, sharing] of Map.groupBy(devices, keyOf)) {
      if (sharing.length < 2) continue;
      const names = namesOf(sharing.map(({ id }) => id));
      const shown = what === "IP" ? ` ${key}` : "";
      notes.add(`shared ${what}s`, `The ${what}${shown} belongs to ${names}: all of them stay.`);
    }
  }
}

function macOf({ mac }: LegacyDevice): string {
  return comparableMac(mac);
}

function namesOf(ids: readonly string[]): string {
  if (ids.length <= 5) return ids.join(", ");
  return `${ids.slice(0, 4).join(", ")} and ${ids.length - 4} more`;
}

/** The username in parentheses if it is a valid id; anything else in that column may be a password and is not shown. */
function nameOf({ username }: Row): string {
  return username !== null && isId(username) ? ` (${username})` : "";
}

function isActive(active: string | null): boolean {
  return active !== null && !inactive.has(active.trim().toLowerCase());
}

/** The usernames that the older form of the database marks as logged in. */
function activeLogins(database: Database): string[] {
  const columns = columnsOf(database, "login");
  if (!columns.has("username") || !columns.has("active")) return [];
  const rows = database
    .query<{ username: string | null; active: string | null }, []>(
      `SELECT ${text(columns, "username")} AS username, ${text(columns, "active")} AS active FROM login`,
    )
    .all();
  return rows.flatMap(({ username, active }) => (isActive(active) ? (username ?? []) : []));
}

function rowsOf(database: Database): Row[] {
  const columns = columnsOf(database, "registrar");
  const wanted = [...needed, "port", "active"].map((name) => `${text(columns, name)} AS ${name}`);
  const sql = `SELECT ${wanted.join(", ")} FROM registrar`;
  try {
    return database.query<Row, []>(`${sql} ORDER BY _rowid_`).all();
  } catch {
    // A table WITHOUT ROWID: its rows come in the order of its primary key.
    return database.query<Row, []>(sql).all();
  }
}

/** An SQL expression for a column as text, whatever its type; a real number without a fraction becomes an integer. */
function text(columns: ReadonlyMap<string, string>, name: string): string {
  const column = columns.get(name);
  if (column === undefined) return "NULL";
  const it = `"${column.replaceAll('"', '""')}"`;
  return `CASE WHEN typeof(${it}) = 'real' AND ${it} = CAST(${it} AS INTEGER)
    THEN CAST(CAST(${it} AS INTEGER) AS TEXT) ELSE CAST(${it} AS TEXT) END`;
}

/** The column names of a table as the table spells them, by the names in lower case. */
function columnsOf(database: Database, table: string): Map<string, string> {
  const rows = database
    .query<{ name: string }, [string]>(
      `SELECT c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c
       WHERE t.type = 'table' AND lower(t.name) = ?`,
    )
    .all(table);
  return new Map(rows.map(({ name }) => [name.toLowerCase(), name]));
}
