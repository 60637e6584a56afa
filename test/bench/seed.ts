// Fills databases while no server runs: devices with open sessions from 127.0.0.1, so that no password has to be
// checked, and reports, through the store's own code.

import { Database } from "bun:sqlite";
import { migrate } from "../../lib/store/sqlite/file/schema.ts";
import { SqliteStore } from "../../lib/store/sqlite/sqlite-store.ts";
import type { Operation } from "../store/operations.ts";
import { sessions } from "./load.ts";
import { databaseIn } from "./server-process.ts";
import { operate } from "../store/operations.ts";

const reportsPerBatch = 4_096;

/** The id of a device, as the load generator writes it. */
export function deviceId(device: number): string {
  return `dev${String(device).padStart(6, "0")}`;
}

/**
 * Creates a database of devices.
 * @param folder where the server will look for it
 * @param loggedIn the number of devices, from the first one on, with open sessions
 */
export async function seedDevices(
  folder: string,
  devices: number,
  loggedIn = sessions,
): Promise<void> {
  const database = openToFill(folder);
  migrate(database, databaseIn(folder));
  insertDevices(database, devices, loggedIn, await oneHash());
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

/**
 * Adds reports of a thousand devices to a database, in turn, one per millisecond.
 * @param say gets the progress
 */
export function seedReports(folder: string, reports: number, say: (words: string) => void): void {
  const startedAt = Date.now() - reports;
  const reportAt = (number: number): Operation => ({
    kind: "report",
    report: {
      device: deviceId(number % sessions),
      time: "2026-11-22:10:10:10",
      received: startedAt + number,
      at: startedAt + number,
      code: "01",
      message: `t=21.50 s=${String(number).padStart(8, "0")}`,
    },
    key: keyAt(number),
    previous: number < sessions ? 0 : number + 1 - sessions,
  });
  fillReports(folder, reports, reportAt, say);
}

/**
 * Adds reports of one device to a database, evenly distributed in time.
 * @param from when the first one was received, ms since 1970
 * @param to when the last one was received, ms since 1970
 */
export function seedOwnReports(
  folder: string,
  device: string,
  messages: readonly string[],
  from: number,
  to: number,
): void {
  const stepMs = (to - from) / Math.max(1, messages.length - 1);
  const reportAt = (number: number): Operation => ({
    kind: "report",
    report: {
      device,
      time: "2026-11-22:10:10:10",
      received: Math.floor(from + number * stepMs),
      at: Math.floor(from + number * stepMs),
      code: "01",
      message: messages[number] as string,
    },
    key: keyAt(number),
    previous: number,
  });
  fillReports(folder, messages.length, reportAt, () => {});
}

function fillReports(
  folder: string,
  reports: number,
  reportAt: (number: number) => Operation,
  say: (words: string) => void,
): void {
  const store = new SqliteStore(openToFill(folder));
  for (let first = 0; first < reports; first += reportsPerBatch) {
    const count = Math.min(reportsPerBatch, reports - first);
    operate(
      store,
      Array.from({ length: count }, (_, i) => reportAt(first + i)),
    );
    store.housekeep();
    if ((first / reportsPerBatch) % 500 === 499) say(`${first + count} of ${reports} reports`);
  }
  store.close();
}

/** Stands for the key of a report's datagram; different for each number. */
function keyAt(number: number): number {
  return (number % 65_536) * 2 ** 32 + (Math.imul(number, 0x9e3779b1) >>> 0);
}

function insertDevices(database: Database, devices: number, loggedIn: number, hash: string): void {
  const now = Date.now();
  const insert = database.prepare(
    `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
     VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?6)`,
  );
  const open = database.prepare(
    `INSERT INTO login (device, ip, port, login_ip, login_port, started, last_seen)
     VALUES (?1, '127.0.0.1', ?2, '127.0.0.1', ?2, ?3, ?3)`,
  );
  database.transaction(() => {
    for (let device = 0; device < devices; device++) {
      const [high, middle, low] = [device >> 16, (device >> 8) & 255, device & 255];
      const mac = `02:00:00:${[high, middle, low].map(hexByte).join(":")}`;
      const port = 20_000 + (device % 40_000);
      const ip = device < loggedIn ? "127.0.0.1" : `10.${high}.${middle}.${low}`;
      insert.run(deviceId(device), mac, ip, port, hash, now);
      if (device < loggedIn) open.run(deviceId(device), port, now);
    }
  })();
  insert.finalize();
  open.finalize();
}

/** Opens the database of a folder for filling, while no server runs. */
export function openToFill(folder: string): Database {
  const database = new Database(databaseIn(folder), { create: true, strict: true });
  database.run("PRAGMA journal_mode = WAL");
  // For filling only: the server opens the database with its own settings.
  database.run("PRAGMA synchronous = OFF");
  database.run("PRAGMA wal_autocheckpoint = 16384");
  return database;
}

function oneHash(): Promise<string> {
  return Bun.password.hash("password", { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 });
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
