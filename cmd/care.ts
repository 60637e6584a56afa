// The commands that maintain the data: import, export, backup, restore, check. Connects the store and the running
// server to the terminal.

import type { CommandConfig } from "../lib/config/server.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import { showProgress } from "../lib/cli/progress.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { checkLines, counted } from "../lib/cli/server/check-report.ts";
import { readImportFile, type RefusedLine } from "../lib/cli/server/import-file.ts";
import { type Imported, importDevices } from "../lib/cli/server/import-run.ts";
import { enrollOn, retentionHoldOf } from "../lib/io/control-socket.ts";
import { csvRow, readCsv } from "../lib/csv.ts";
import { identityPathOf } from "../lib/io/secrets/identity-file.ts";
import { hashPassword } from "../lib/io/secrets/password-hasher.ts";
import { isRegular, textPieces } from "../lib/io/text-pieces.ts";
import { exitCode, type ExitCode, OperatingError } from "../lib/operating-error.ts";
import {
  type Candidate,
  type EnrollResult,
  enrolledOf,
  enrollment,
} from "../lib/server/operator.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import { needsServer, openHere } from "./opened-store.ts";
import { placeOf } from "./place.ts";
import { csvHeader, csvLine, jsonLine } from "../lib/web/report-lines.ts";

type Config<Name extends CommandConfig["command"]> = Extract<CommandConfig, { command: Name }>;

const say = (words: string) => void process.stderr.write(`${words}\n`);
const onChecking = () => say("Checking every page of the copy.");

/** Copies the database while it is served. */
export async function runBackup(
  { file, ...place }: DataPlace & { file: string },
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(place);
  const progress = { onProgress: showProgress("Copying reports"), onChecking };
  const { devices, sessions, reports } = await store.backUp(file, progress);
  const counts = [
    counted(devices, "device"),
    counted(sessions, "session"),
    counted(reports, "report"),
  ];
  write(`${file}: ${counts.join(", ")}; checked.`);
  write(`Keep ${identityPathOf(store.path)} with it: without it devices see a changed key.`);
  return exitCode.done;
}

/** Replaces the database with a copy; the old database is kept beside it. */
export async function runRestore(
  { file, ...place }: DataPlace & { file: string },
  now: number,
  write: WriteLine,
): Promise<ExitCode> {
  const time = new Date(now).toISOString().replaceAll(/[-:]/g, "").slice(0, 15).replace("T", "-");
  const progress = { onProgress: showProgress("Copying bytes"), onChecking };
  const { db } = place;
  const kept = await placeOf(place).restore(file, `${db}.before-restore-${time}`, progress);
  write(`${db} is now a copy of ${file}.${kept === null ? "" : ` The old database is ${kept}.`}`);
  return exitCode.done;
}

/** Checks the database for damage, prints its size, and why the running server removes no old reports for a while. */
export async function runCheck(place: DataPlace, write: WriteLine): Promise<ExitCode> {
  const store = placeOf(place);
  const found = await store.check();
  for (const line of checkLines(store.name, found)) write(line);
  const hold = found.served ? await retentionHoldOf(store.path).catch(() => null) : null;
  if (hold !== null) write(`${hold.message} ${hold.nextStep}`);
  return found.damage.length === 0 ? exitCode.done : exitCode.refused;
}

/** Writes all devices or reports to standard output. */
export async function runExport(
  { what, format, ...place }: Config<"export">,
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(place);
  const isCsv = format === "csv";
  // `write` adds the LF of each line. Only that is removed: a message may end in spaces.
  const writeLine = (line: string) => write(line.slice(0, -1));
  // Opened before the heading is written: what cannot be read leaves no output.
  if (what === "devices") {
    const devices = store.devices();
    if (isCsv) writeLine(csvRow(["id", "mac", "ip", "port", "registered"]));
    for await (const { id, mac, ip, port, registered } of devices) {
      const time = new Date(registered).toISOString();
      if (isCsv) writeLine(csvRow([id, mac, ip, `${port}`, time]));
      else write(JSON.stringify({ id, mac, ip, port, registered: time }));
    }
    return exitCode.done;
  }
  const reports = store.reports();
  if (isCsv) writeLine(csvHeader);
  const line = isCsv ? csvLine : jsonLine;
  for await (const report of reports) writeLine(line(report));
  return exitCode.done;
}

/** Registers the devices in a file: through the running server, or in the database if no server runs. */
export async function runImport(
  { file, ...place }: DataPlace & { file: string },
  sharedIp: boolean,
  write: WriteLine,
): Promise<ExitCode> {
  const lines = countLines(file);
  // Read the heading first: a file that cannot be imported must not create a database.
  const devices = readImportFile(readable(file), file);
  const first = devices.next();
  const all = first.done ? [] : withFirst(first.value, devices);
  const store = placeOf(place);
  const registrar = (await needsServer(store)) ? null : await openRegistrar(store, sharedIp);
  const show = showProgress("Registering");
  const counts: Imported = { registered: 0, unchanged: 0, refused: 0 };
  const port = {
    enroll: registrar?.enroll ?? ((some: readonly Candidate[]) => enrollOn(store.path, some)),
    hashPassword,
    onRefused: ({ line, reason }: RefusedLine) => say(`${lineStart()}${file}:${line}: ${reason}`),
    onProgress: (done: number) => show(done, lines),
  };
  try {
    await importDevices(all, port, counts);
  } finally {
    await registrar?.close();
    const { registered, unchanged, refused } = counts;
    write(`${registered} registered, ${unchanged} already registered, ${refused} refused.`);
  }
  return counts.refused === 0 ? exitCode.done : exitCode.refused;
}

/** The number of lines to import; 0 if they cannot be counted in advance. */
function countLines(file: string): number {
  let count = -1;
  for (const row of isPipe(file) ? [] : readCsv(readable(file))) {
    const isEmpty = row.fields.every(({ value, quoted }) => !quoted && value.trim() === "");
    if (!isEmpty || row.wrong !== null) count++;
  }
  return Math.max(0, count);
}

function* withFirst<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}

/** On a terminal, erases the progress bar before a line is printed; the bar is then drawn again below it. */
function lineStart(): string {
  return process.stderr.isTTY ? "\r\u001b[K" : "";
}

/** Opens a store that is not served, to register devices in it. The caller closes it. */
async function openRegistrar(place: StorePlace, sharedIp: boolean) {
  const store = await openHere(place, "import", sharedIp);
  const policy = { sharedIp, keyPolicy: "replace" } as const;
  const enroll = async (candidates: readonly Candidate[]): Promise<readonly EnrollResult[]> => {
    const at = Date.now();
    const rules = candidates.map(({ hash, ...device }) => enrollment(device, hash, at, policy));
    return (await store.apply(rules)).map(enrolledOf);
  };
  return { enroll, close: () => store.close() };
}

function isPipe(file: string): boolean {
  try {
    return !isRegular(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function* readable(file: string): Generator<string> {
  try {
    yield* textPieces(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): OperatingError {
  const { code } = error as { code?: string };
  return new OperatingError(
    "file-unreadable",
    code === "ENOENT"
      ? `There is no file ${file}.`
      : `${file} cannot be read (${code ?? (error as Error).message}).`,
    "Name a file with the columns id,password,mac,ip,port.",
  );
}
