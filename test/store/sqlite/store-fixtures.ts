// Fixtures of the store's tests: folders, databases, operations in short form. The run's temporary folder holds all
// files, so that nothing outlives the run.

import { Database } from "bun:sqlite";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatingError } from "../../../lib/operating-error.ts";
import type { DeviceFacts, EndReason } from "../../../lib/server/rows.ts";
import type { Operation } from "../operations.ts";
import type { Proof } from "../../../lib/server/passwords/proof.ts";
import type { LegacyPort } from "../../../lib/store/sqlite/legacy/legacy.ts";
import { migrate } from "../../../lib/store/sqlite/file/schema.ts";
import type { SqliteStore } from "../../../lib/store/sqlite/sqlite-store.ts";
import { operate } from "../operations.ts";
import { lastReports } from "./last-reports.ts";

/** 2026-11-22 09:14:06 UTC. */
export const startOfTime = 1_795_338_846_000;

/** A path in a new folder of its own. */
export function newPath(name = "iot_server.db"): string {
  return join(mkdtempSync(join(tmpdir(), "iot-store-")), name);
}

/** A database in memory with the current schema. */
export function newDatabase(): Database {
  const database = new Database(":memory:", { strict: true });
  migrate(database, ":memory:");
  return database;
}

/** Creates a database from a script in test/fixtures. */
export function newDatabaseFrom(fixture: string, journalMode = "DELETE"): string {
  const path = newPath();
  const database = new Database(path, { create: true, readwrite: true });
  database.run(`PRAGMA journal_mode = ${journalMode}`);
  database.run(readFileSync(join(import.meta.dir, "../../fixtures", fixture), "utf8"));
  database.close();
  return path;
}

/** A port for openings that must not migrate. */
export const noLegacy: LegacyPort = {
  hashPassword: () => Promise.reject(new Error("nothing is to be hashed")),
  onProgress: () => {},
  onNote: () => {},
  now: () => startOfTime,
};

/** A port that records what it is told; its hashes show what they were made of. */
export function newLegacyPort() {
  const told = { notes: [] as string[], progress: [] as string[], hashed: [] as string[] };
  const port: LegacyPort = {
    hashPassword: (password) => {
      told.hashed.push(password);
      return Promise.resolve(hashOf(password));
    },
    onProgress: (done, total) => void told.progress.push(`${done}/${total}`),
    onNote: (words) => void told.notes.push(words),
    now: () => startOfTime,
  };
  return { ...told, port };
}

/** Stands for the hash of a password. */
export function hashOf(password: string): string {
  return `hash:${Bun.SHA256.hash(password, "hex")}`;
}

/** The content of each file in a folder, except the lock. */
export function bytesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !name.endsWith(".lock"));
  return Object.fromEntries(
    names.sort().map((name) => {
      const path = join(folder, name);
      const content = statSync(path).isFile() ? readFileSync(path).toString("base64") : "no file";
      return [name, content];
    }),
  );
}

/** The code of the operating error that a call ends with, or "opened". */
export async function refusalOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "opened";
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    if (error.message === "" || error.nextStep === "")
      throw new Error("says nothing", { cause: error });
    return error.code;
  }
}

/** A report operation with its key. */
export function reportOf(
  device: string,
  message: string,
  options: { at?: number; measured?: number; time?: string; previous?: number; code?: string } = {},
): Extract<Operation, { kind: "report" }> {
  const { at = startOfTime, measured = at, time = "2026-11-22:09:14:06" } = options;
  const { previous = 0, code = "01" } = options;
  const text = `DATA\t${code}\t${device}\t${time}\t${message}`;
  const key = Number.parseInt(Bun.SHA256.hash(text, "hex").slice(0, 12), 16);
  const report = { device, time, received: at, at: measured, code, message };
  return { kind: "report", report, key, previous };
}

/** The end of a session, as an operation. @param at ms since 1970 */
export function endOf(
  session: number,
  reason: EndReason,
  at: number,
): Extract<Operation, { kind: "end" }> {
  return { kind: "end", id: "device-1", session, reason, lastSeen: at, at };
}

/** A device by number. */
export function deviceOf(number: number, facts: Partial<DeviceFacts> = {}): DeviceFacts {
  const id = `device-${number}`;
  return { id, mac: `aa:bb:cc:00:00:${number}`, ip: `10.0.0.${number}`, port: 2000, ...facts };
}

/** A REGISTER with the password hashed as `hash`, in text. */
export function registerOf(device: DeviceFacts, proof: Proof = { kind: "hashed", hash: "h1" }) {
  return {
    kind: "register",
    device,
    proof,
    sealed: false,
    clientKey: null,
    join: "open",
    at: startOfTime,
  } as const;
}

/** A LOGIN from the device's own address, in text. */
export function loginOf({ id, ip, port }: DeviceFacts, proof: Proof, at = startOfTime) {
  const [source, stated] = [
    { ip, port },
    { ip, port },
  ];
  return { kind: "login", id, proof, sealed: false, seal: null, source, stated, at } as const;
}

/** A generator of integers from 0 to below a bound, repeatable by seed (mulberry32). */
export function newDraw(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** The messages of a device's newest reports, newest first. */
export function messagesOf(store: SqliteStore, device: string, count = 100): string[] {
  return lastReports(store.reader, device, count).map(({ message }) => message);
}

/** Stores `count` reports batch by batch, with the housekeeping that is due after each. */
export function storeMany(
  store: SqliteStore,
  count: number,
  reportAt: (i: number) => Operation,
): void {
  const batch = 1024;
  for (let first = 0; first < count; first += batch) {
    const length = Math.min(batch, count - first);
    operate(
      store,
      Array.from({ length }, (_, i) => reportAt(first + i)),
    );
    store.housekeep();
  }
}
