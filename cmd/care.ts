// The commands that maintain the data: export, backup, restore, check. Connects the store and the running server to the
// terminal.

import type { CommandConfig } from "../lib/config/command-config.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import { showProgress } from "../lib/cli/progress.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { checkLines, counted } from "../lib/cli/server/check-report.ts";
import { retentionHoldOf } from "../lib/io/control-calls.ts";
import { csvRow } from "../lib/csv.ts";
import { identityPathOf } from "../lib/io/secrets/identity-file.ts";
import { exitCode, type ExitCode } from "../lib/operating-error.ts";
import { placeOf } from "./place.ts";
import { csvHeader, csvLine, jsonLine } from "../lib/web/exports/report-lines.ts";

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
