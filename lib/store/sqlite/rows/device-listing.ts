// Owns the list of all devices with their latest sessions, in the order of ids, for `iot-server devices`. Never writes.

import type { Database } from "bun:sqlite";
import { labelsIn } from "../../../server/labels.ts";
import type { ListedDevice } from "../../../server/rows.ts";
import { prepare } from "../file/statements.ts";
import { deviceColumns, deviceOf, type RawDevice } from "./device-rows.ts";
import { labelsOfDevice } from "./label-rows.ts";
import { latestSession, type RawSession, sessionColumns, sessionOf } from "./session-rows.ts";

/** A device and its latest session; without one, `session` is null, as the rest of it. */
type Row = RawDevice & { readonly labels: string } & (RawSession | { readonly session: null });

/** Devices per read: no read transaction stays open while a slow consumer takes them, which would block checkpoints. */
const devicesPerPage = 1_000;

/** All devices with their labels, in the order of ids, read page by page as they are taken. */
export function* listDevices(database: Database): Generator<ListedDevice, void, undefined> {
  const page = prepare<Row>(
    database,
    `SELECT ${deviceColumns}, ${labelsOfDevice} AS labels, ${sessionColumns}
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

function listed(row: Row): ListedDevice {
  const { id, mac, ip, port, registered, repeats, sealedKey, textLocked } = row;
  const device = deviceOf({ id, mac, ip, port, registered, repeats, sealedKey, textLocked });
  const labels = labelsIn(row.labels);
  return { ...device, labels, session: row.session === null ? null : sessionOf(row) };
}

/** Whether a device with this id is registered. */
export function isRegistered(database: Database, id: string): boolean {
  return database.query("SELECT 1 FROM registrar WHERE id = ?").get(id) !== null;
}

/** Whether a registered device has a label with this key. */
export function hasLabel(database: Database, key: string): boolean {
  const sql =
    "SELECT 1 FROM label AS l JOIN registrar AS r ON r.id = l.device WHERE l.key = ? LIMIT 1";
  return database.query(sql).get(key) !== null;
}
