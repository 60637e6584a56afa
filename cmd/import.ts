// The command that registers the devices of a file: connects the store and the running server to the terminal.

import { availableParallelism } from "node:os";
import { showProgress } from "../lib/cli/progress.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { counted } from "../lib/cli/server/check-report.ts";
import {
  type ImportFile,
  readImportFile,
  type RefusedLine,
} from "../lib/cli/server/import-file.ts";
import { type Imported, importDevices, type ImportPort } from "../lib/cli/server/import-run.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import { enrollOn, labelOn } from "../lib/io/control-calls.ts";
import { hashPassword } from "../lib/io/secrets/password-hasher.ts";
import { isRegular, textPieces } from "../lib/io/text-pieces.ts";
import { exitCode, type ExitCode, OperatingError } from "../lib/operating-error.ts";
import { comparableMac } from "../lib/protocol/fields.ts";
import { labelling } from "../lib/server/devices.ts";
import { enrolledOf, enrollment, labelledOf } from "../lib/server/operator.ts";
import type { ListedDevice } from "../lib/server/rows.ts";
import type { Soon } from "../lib/server/soon.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import type { Rule, Store } from "../lib/server/store-port.ts";
import { openInMemory } from "../lib/store/sqlite/open-sqlite.ts";
import { needsServer, openHere } from "./opened-store.ts";
import { placeOf } from "./place.ts";

type Registrar = Pick<ImportPort, "enroll" | "label"> & { close(): Soon<void> | undefined };

const say = (words: string) => void process.stderr.write(`${words}\n`);
/** From so many passwords on it is told that hashing them takes time. */
const manyPasswords = 1_000;

/** Registers the devices in a file: through the running server, or in the database if no server runs. */
export async function runImport(
  {
    file,
    sharedIp,
    dryRun,
    ...place
  }: DataPlace & { readonly file: string; readonly sharedIp: boolean; readonly dryRun: boolean },
  write: WriteLine,
): Promise<ExitCode> {
  const count = countLines(file);
  // Read the heading first: a file that cannot be imported must not create a database.
  const found = readImportFile(readable(file), file);
  for (const line of wordsAbout(found, count, dryRun)) say(line);
  const store = placeOf(place);
  const registrar = await (dryRun ? trialOf : registrarOf)(store, sharedIp);
  const show = showProgress(dryRun ? "Checking" : "Registering");
  const counts: Imported = { registered: 0, unchanged: 0, refused: 0 };
  const port = {
    ...registrar,
    hashPassword: dryRun ? () => Promise.resolve("") : hashPassword,
    onRefused: ({ line, reason }: RefusedLine) => say(`${lineStart()}${file}:${line}: ${reason}`),
    onProgress: (done: number) => show(done, count),
  };
  try {
    await importDevices(found.lines, port, counts);
  } finally {
    await registrar.close();
    const { registered, unchanged, refused } = counts;
    const tense = dryRun ? "would be registered" : "registered";
    const end = dryRun ? " Nothing was changed." : "";
    write(`${registered} ${tense}, ${unchanged} already registered, ${refused} refused.${end}`);
  }
  return counts.refused === 0 ? exitCode.done : exitCode.refused;
}

/** What is worth knowing before the first line. */
function wordsAbout({ ignored, at }: ImportFile, count: number, dryRun: boolean): string[] {
  const columns = ignored.map((name) => JSON.stringify(name)).join(", ");
  const unused = `Not used: ${counted(ignored.length, "column")} ${columns}. A label of any name is a column label.name.`;
  const cores = counted(availableParallelism(), "core");
  const hashing = `Passwords are hashed on ${cores}, which takes most of the time; a column hash (argon2id) in place of password takes none.`;
  const isSlow = !dryRun && count >= manyPasswords && at.has("password") && !at.has("hash");
  return [...(ignored.length > 0 ? [unused] : []), ...(isSlow ? [hashing] : [])];
}

/** Who registers: the running server, or the store that is opened here. */
async function registrarOf(store: StorePlace, sharedIp: boolean): Promise<Registrar> {
  if (!(await needsServer(store)))
    return registrarAt(await openHere(store, "import", sharedIp), sharedIp);
  return {
    enroll: (some) => enrollOn(store.path, some),
    label: (some) => labelOn(store.path, some),
    close: () => {},
  };
}

/** A registrar in memory that begins with the devices of a store, so that a trial tells what an import would. */
async function trialOf(place: StorePlace, sharedIp: boolean): Promise<Registrar> {
  const store = openInMemory();
  try {
    for await (const device of place.devices()) store.apply([known(device)]);
  } catch (error) {
    if (!(error instanceof OperatingError) || error.code !== "no-database") throw error;
  }
  return registrarAt(store, sharedIp);
}

/** The number of lines to import; 0 if they cannot be counted in advance. */
function countLines(file: string): number {
  if (isPipe(file)) return 0;
  let count = 0;
  for (const _ of readImportFile(readable(file), file).lines) count++;
  return count;
}

/** On a terminal, erases the progress bar before a line is printed; the bar is then drawn again below it. */
function lineStart(): string {
  return process.stderr.isTTY ? "\r\u001b[K" : "";
}

function registrarAt(store: Store & { close?(): Soon<void> }, sharedIp: boolean): Registrar {
  const policy = { sharedIp, keyPolicy: "replace" } as const;
  return {
    enroll: async (candidates) => {
      const at = Date.now();
      const rules = candidates.map(({ hash, ...device }) => enrollment(device, hash, at, policy));
      return (await store.apply(rules)).map(enrolledOf);
    },
    label: async (devices) =>
      (await store.apply(devices.map(({ id, changes }) => labelling(id, changes)))).map(labelledOf),
    close: () => store.close?.(),
  };
}

/** The rule that stores a device as another store has it. */
function known({ id, mac, ip, port, registered, labels }: ListedDevice): Rule {
  const device = { id, mac, ip, port };
  const insert = { kind: "insert-device", device, hash: "", at: registered } as const;
  const changes = [...labels].map(([key, value]) => ({ key, value }));
  const label = { kind: "change-labels", device: id, macKey: comparableMac(mac), changes } as const;
  return {
    kind: "rule",
    keys: {},
    laneOf: id,
    decide: () => ({ outcome: null, writes: [insert, label] }),
  };
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
