// The commands that care for the data: import, export, backup, restore, check. Wires the store and the running server
// to what a person sees.

import { existsSync, readFileSync, statSync } from "node:fs";
import type { CommandConfig } from "../lib/config/server.ts";
import { showProgress } from "../lib/cli/progress.ts";
import { readImportFile, type RefusedLine } from "../lib/cli/server/import-file.ts";
import { type Candidate, enrollOn, type EnrollAnswer } from "../lib/io/control-socket.ts";
import { identityPathOf } from "../lib/io/identity-file.ts";
import { hashPassword } from "../lib/io/password-hasher.ts";
import { exitCode, type ExitCode, OperatingError } from "../lib/operating-error.ts";
import { describeAck } from "../lib/protocol/codes.ts";
import { enrolled } from "../lib/server/operator.ts";
import { backUp, integrityOf, restore } from "../lib/store/backup.ts";
import { realPathOf } from "../lib/store/database-file.ts";
import { listDevices } from "../lib/store/device-listing.ts";
import { isServed } from "../lib/store/instance-lock.ts";
import { openDatabase, openReadOnly } from "../lib/store/open-database.ts";
import { schemaVersion } from "../lib/store/schema.ts";
import { SqliteStore } from "../lib/store/sqlite-store.ts";
import { csvField, csvHeader, csvLine, jsonLine } from "../lib/web/report-stream.ts";

type Write = (line: string) => void;
type Config<Name extends CommandConfig["command"]> = Extract<CommandConfig, { command: Name }>;

const devicesPerCall = 64;

/** Copies the database while it is served. */
export function runBackup({ db, file }: { db: string; file: string }, write: Write): ExitCode {
  const facts = backUp(db, file, showProgress("Copying reports"));
  write(
    `${file}: ${facts.devices} devices, ${facts.sessions} sessions, ${facts.reports} reports; checked.`,
  );
  write(`Keep ${identityPathOf(realPathOf(db))} with it: without it devices see a changed key.`);
  return exitCode.done;
}

/** Puts a copy back. */
export function runRestore(
  { db, file }: { db: string; file: string },
  now: number,
  write: Write,
): ExitCode {
  const time = new Date(now).toISOString().replaceAll(/[-:]/g, "").slice(0, 15).replace("T", "-");
  const keptAs = `${db}.before-restore-${time}`;
  const kept = restore(file, db, keptAs);
  write(`${db} is ${file} now.${kept ? ` What was there is ${keptAs}.` : ""}`);
  return exitCode.done;
}

/** Says whether the database is whole, and how large it is. */
export function runCheck(db: string, write: Write): ExitCode {
  const database = openReadOnly(db);
  const count = (table: string) =>
    (database.query(`SELECT count(*) AS it FROM ${table}`).get() as { it: number }).it;
  const size = (path: string) => (existsSync(path) ? statSync(path).size : 0);
  write(`${db}: schema ${schemaVersion}, ${isServed(db) ? "served now" : "not served"}`);
  write(`${size(db)} bytes, ${size(`${db}-wal`)} in its log`);
  write(`${count("registrar")} devices, ${count("login")} sessions, ${count("data")} reports`);
  const wrong = integrityOf(database);
  for (const sentence of wrong) write(`damaged: ${sentence}`);
  write(
    wrong.length === 0
      ? "Every page is whole."
      : `Stop the server and restore a backup, or try: sqlite3 ${db} .recover`,
  );
  return wrong.length === 0 ? exitCode.done : exitCode.refused;
}

/** Writes all devices or reports to standard output. */
export function runExport({ db, what, format }: Config<"export">, write: Write): ExitCode {
  const database = openReadOnly(db);
  if (what === "devices") {
    if (format === "csv") write("id,mac,ip,port,registered");
    for (const { id, mac, ip, port, registered } of listDevices(database)) {
      const time = new Date(registered).toISOString();
      write(
        format === "csv"
          ? [csvField(id), csvField(mac), ip, port, time].join(",")
          : JSON.stringify({ id, mac, ip, port, registered: time }),
      );
    }
    return exitCode.done;
  }
  if (format === "csv") write(csvHeader.trimEnd());
  const reports = database.prepare<Parameters<typeof csvLine>[0], []>(
    "SELECT sequence, device, time, received, code, message FROM data ORDER BY sequence",
  );
  for (const report of reports.iterate()) {
    write((format === "csv" ? csvLine(report) : jsonLine(report)).trimEnd());
  }
  return exitCode.done;
}

/** Registers the devices of a file, through the running server or, where there is none, in the database. */
export async function runImport(
  { db, file }: { db: string; file: string },
  sharedIp: boolean,
  write: Write,
): Promise<ExitCode> {
  const { devices, refused } = readImportFile(readText(file), file);
  const enroll = isServed(db) ? null : await openRegistrar(db, sharedIp);
  const enrollAll =
    enroll?.enroll ?? ((candidates: readonly Candidate[]) => enrollOn(realPathOf(db), candidates));
  const onProgress = showProgress("Registering");
  let registered = 0;
  let unchanged = 0;
  try {
    for (let at = 0; at < devices.length; at += devicesPerCall) {
      const some = devices.slice(at, at + devicesPerCall);
      const first = await enrollAll(
        some.map(({ id, mac, ip, port }) => ({ id, mac, ip, port, hash: null })),
      );
      const wanted = some.filter((_, i) => first[i]?.kind === "hash");
      const hashed = await Promise.all(
        wanted.map(async ({ id, mac, ip, port, password }) => {
          return { id, mac, ip, port, hash: await hashPassword(password) };
        }),
      );
      const second = wanted.length === 0 ? [] : await enrollAll(hashed);
      for (const [i, device] of some.entries()) {
        const answer = first[i]?.kind === "hash" ? second[wanted.indexOf(device)] : first[i];
        const code = answer?.kind === "done" ? answer.code : "95";
        if (code === "00") registered++;
        else if (code === "01") unchanged++;
        else
          refused.push({ line: device.line, reason: `${device.id}: ${code} ${describeAck(code)}` });
      }
      onProgress(Math.min(at + devicesPerCall, devices.length), devices.length);
    }
  } finally {
    enroll?.close();
  }
  return report(file, { registered, unchanged, refused }, write);
}

type Imported = { registered: number; unchanged: number; refused: readonly RefusedLine[] };

function report(
  file: string,
  { registered, unchanged, refused }: Imported,
  write: Write,
): ExitCode {
  for (const { line, reason } of refused.toSorted((a, b) => a.line - b.line)) {
    process.stderr.write(`${file}:${line}: ${reason}\n`);
  }
  write(`${registered} registered, ${unchanged} already registered, ${refused.length} refused.`);
  return refused.length === 0 ? exitCode.done : exitCode.refused;
}

/** The registrar of a database that is not served; the caller closes it. */
async function openRegistrar(db: string, sharedIp: boolean) {
  const onNote = (words: string) => void process.stderr.write(`${words}\n`);
  const onProgress = showProgress("Hashing passwords");
  const { database, lock } = await openDatabase(db, {
    hashPassword,
    onProgress,
    onNote,
    now: Date.now,
  });
  const store = new SqliteStore(database, { sharedIp });
  const enroll = async (candidates: readonly Candidate[]): Promise<readonly EnrollAnswer[]> => {
    const outcomes = await store.apply(
      candidates.map(({ hash, ...device }) => {
        const proof =
          hash === null ? ({ kind: "none" } as const) : ({ kind: "hashed", hash } as const);
        return { kind: "register", device, proof, sealed: true, at: Date.now() } as const;
      }),
    );
    return outcomes.map(enrolled);
  };
  const close = () => {
    store.close();
    lock.release();
  };
  return { enroll, close };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new OperatingError(
      "file-unreadable",
      `${file} cannot be read: ${(error as Error).message}.`,
      "Name a file with the columns id,password,mac,ip,port.",
    );
  }
}
