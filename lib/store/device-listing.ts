// The devices with their presence, for people: reads, in the order of ids.

import type { Database } from "bun:sqlite";

/** A device and its latest session. */
export type DeviceListing = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  /** ms since 1970. */
  readonly registered: number;
  /** Its latest session; null where it never logged in. */
  readonly session: SessionListing | null;
};

export type SessionListing = {
  readonly started: number;
  readonly lastSeen: number;
  /** null while it is open. */
  readonly ended: number | null;
  readonly reason: string | null;
  /** The address its last packet came from. */
  readonly ip: string;
  readonly port: number;
};

type Row = {
  id: string;
  mac: string;
  ip: string;
  port: number;
  registered: number;
  started: number | null;
  last_seen: number;
  ended: number | null;
  reason: string | null;
  from_ip: string;
  from_port: number;
};

/** All devices, one by one. */
export function* listDevices(database: Database): Generator<DeviceListing, void, undefined> {
  const rows = database.prepare<Row, []>(`
    SELECT r.id, r.mac, r.ip, r.port, r.registered,
           l.started, l.last_seen, l.ended, l.reason, l.ip AS from_ip, l.port AS from_port
    FROM registrar AS r
    LEFT JOIN login AS l ON l.session =
      (SELECT session FROM login WHERE device = r.id ORDER BY started DESC, session DESC LIMIT 1)
    ORDER BY r.id`);
  for (const row of rows.iterate()) {
    const { id, mac, ip, port, registered, started, last_seen, ended, reason, from_ip, from_port } =
      row;
    const session =
      started === null
        ? null
        : { started, lastSeen: last_seen, ended, reason, ip: from_ip, port: from_port };
    yield { id, mac, ip, port, registered, session };
  }
}

/** Whether a device of this id is registered. */
export function isRegistered(database: Database, id: string): boolean {
  return database.query("SELECT 1 FROM registrar WHERE id = ?").get(id) !== null;
}
