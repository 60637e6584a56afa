// Owns the list of all devices with their latest sessions, in the order of ids, for `iot-server devices`. Never writes.

import type { Database } from "bun:sqlite";
import { latestSession } from "./session-rows.ts";
import { prepare } from "../file/statements.ts";

/** A device and its latest session. */
export type DeviceListing = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  /** ms since 1970. */
  readonly registered: number;
  /** How many of its reports repeated one that was stored before. */
  readonly repeats: number;
  /** The client key of its last sealed LOGIN, 32 bytes, or null. */
  readonly sealedKey: Uint8Array | null;
  /** Whether the server refuses unencrypted text messages from it. */
  readonly textLocked: boolean;
  /** Its latest session; null if it never logged in since it was registered. */
  readonly session: SessionListing | null;
};

export type SessionListing = {
  readonly started: number;
  readonly lastSeen: number;
  /** null while the session is open. */
  readonly ended: number | null;
  readonly reason: string | null;
  /** The source address of its last packet. */
  readonly ip: string;
  readonly port: number;
  /** Whether it is or was a sealed session. */
  readonly sealed: boolean;
};

type Row = {
  id: string;
  mac: string;
  ip: string;
  port: number;
  registered: number;
  repeats: number;
  started: number | null;
  last_seen: number;
  ended: number | null;
  reason: string | null;
  from_ip: string;
  from_port: number;
  sealed_key: Uint8Array | null;
  text_locked: number;
  is_sealed: number;
};

/** Devices per read: no read transaction stays open while a slow consumer takes them, which would block checkpoints. */
const devicesPerPage = 1_000;

/** All devices, in the order of ids, read page by page as they are taken. */
export function* listDevices(database: Database): Generator<DeviceListing, void, undefined> {
  const page = prepare<Row>(
    database,
    `
    SELECT r.id, r.mac, r.ip, r.port, r.registered, r.repeats, r.sealed_key, r.text_locked,
           l.client_key IS NOT NULL AS is_sealed,
           l.started, l.last_seen, l.ended, l.reason, l.ip AS from_ip, l.port AS from_port
    FROM registrar AS r
    LEFT JOIN login AS l ON l.session = ${latestSession}
    WHERE r.id > ? ORDER BY r.id LIMIT ${devicesPerPage}`,
  );
  for (let after: string | undefined = ""; after !== undefined;) {
    const rows: Row[] = page.all(after);
    yield* rows.map(listed);
    after = rows.at(-1)?.id;
  }
}

function listed(row: Row): DeviceListing {
  const { id, mac, ip, port, registered, repeats } = row;
  const session =
    row.started === null
      ? null
      : {
          started: row.started,
          lastSeen: row.last_seen,
          ended: row.ended,
          reason: row.reason,
          ip: row.from_ip,
          port: row.from_port,
          sealed: row.is_sealed !== 0,
        };
  const sealedKey = row.sealed_key;
  const textLocked = row.text_locked !== 0;
  return { id, mac, ip, port, registered, repeats, sealedKey, textLocked, session };
}

/** Whether a device with this id is registered. */
export function isRegistered(database: Database, id: string): boolean {
  return database.query("SELECT 1 FROM registrar WHERE id = ?").get(id) !== null;
}
