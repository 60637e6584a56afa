// The rows of a database of the original system: `registrar(username, ip, mac, password, port, active)`, or the older
// `registrar(username, mac, ip, password)` with `login(username, active)`. Says which make a device, and why others do
// not; never quotes a password, nor a field that may hold one by mistake.

import type { Database } from "bun:sqlite";
import { comparableMac, fieldRules, isId } from "../protocol/fields.ts";
import { canonicalIp } from "../protocol/ip.ts";
import { NoteLimit } from "./legacy-notes.ts";

/** A device of the original system; `ip` in canonical spelling. */
export type LegacyDevice = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  /** In the clear, or a hash of ours. */
  readonly password: string;
};

type Row = Record<(typeof needed)[number] | "port" | "active", string | null>;

const needed = ["username", "mac", "ip", "password"] as const;
/** Stands for a port that the original never kept: the discard service. A device that registers again states its own. */
export const portUnknown = 9;
const ourHash = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{43}$/;
const inactive = new Set(["", "0", "0.0", "false", "f", "no", "n", "off", "inactive", "none"]);

/** Whether the password is stored as this server stores it. */
export function isOurHash(password: string): boolean {
  return ourHash.test(password);
}

/** Whether this is a database of the original system, by the columns of its registrar. */
export function isLegacy(database: Database): boolean {
  const columns = columnsOf(database, "registrar");
  return needed.every((name) => columns.has(name));
}

/**
 * Reads the devices, in the order of their rows. Of several rows of a username the last complete one counts.
 * @param onNote takes a sentence for each thing an operator should know
 */
export function readLegacy(database: Database, onNote: (words: string) => void): LegacyDevice[] {
  const notes = new NoteLimit(onNote);
  const devices = new Map<string, { readonly device: LegacyDevice; readonly row: number }>();
  const portless = new Set<string>();
  const active = new Set<string>();
  for (const [i, { port, ...rest }] of rowsOf(database).entries()) {
    // A column of text keeps a number with a fraction as it was written.
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
      // To the end of the order, where its row is.
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
    onNote(`No port is known of ${names}: ${portUnknown} stands for it until they register again.`);
  }
  for (const id of activeLogins(database)) if (devices.has(id)) active.add(id);
  if (active.size > 0) onNote(`Logged in were ${namesOf([...active])}: they have to log in again.`);
  notes.close();
  return kept;
}

/** Why a row makes no device, or null. */
function complaintAbout(row: Row): string | null {
  const missing = needed.filter((name) => !row[name]);
  if (missing.length === needed.length) return "it is empty";
  if (missing.length > 0) return `it has no ${missing.join(", no ")}`;
  const { username, mac, ip, password, port } = row as Record<keyof Row, string>;
  for (const [name, value] of Object.entries({ id: username, mac, ip, port })) {
    const rule = fieldRules[name as "id"];
    // A missing port is made up for.
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

/** They were accepted once: they stay, and keep what they have until they register anew. */
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

/** The username where it can be one; what else is in that column is not shown. */
function nameOf({ username }: Row): string {
  return username !== null && isId(username) ? ` (${username})` : "";
}

function isActive(active: string | null): boolean {
  return active !== null && !inactive.has(active.trim().toLowerCase());
}

/** The usernames that the older form keeps as logged in. */
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
    // WITHOUT ROWID: its key is its order.
    return database.query<Row, []>(sql).all();
  }
}

/** An expression for a column as text, whatever it holds; a whole number without a fraction. */
function text(columns: ReadonlyMap<string, string>, name: string): string {
  const column = columns.get(name);
  if (column === undefined) return "NULL";
  const it = `"${column.replaceAll('"', '""')}"`;
  return `CASE WHEN typeof(${it}) = 'real' AND ${it} = CAST(${it} AS INTEGER)
    THEN CAST(CAST(${it} AS INTEGER) AS TEXT) ELSE CAST(${it} AS TEXT) END`;
}

/** The columns of a table as it spells them, by their names in lower case. */
function columnsOf(database: Database, table: string): Map<string, string> {
  const rows = database
    .query<{ name: string }, [string]>(
      `SELECT c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c
       WHERE t.type = 'table' AND lower(t.name) = ?`,
    )
    .all(table);
  return new Map(rows.map(({ name }) => [name.toLowerCase(), name]));
}
