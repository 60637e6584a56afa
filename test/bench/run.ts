// Measures the compiled server beside floors in C and peers on the same core, in turns; prints a table and writes
// .build/results.json. Not part of the tests: a slow result is no failure; a wrong answer or a lost report is one.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BenchError, buildBinaries, buildC, buildFolder, programs } from "./children.ts";
import { describeMachine, type Machine, warningsAbout } from "./machine.ts";
import { type Bench, isMet, type Measure, type Row } from "./measure.ts";
import { backlog } from "./measures/backlog.ts";
import { bundles } from "./measures/bundles.ts";
import { chart } from "./measures/chart.ts";
import { dashboard } from "./measures/dashboard.ts";
import { history } from "./measures/history.ts";
import { idle } from "./measures/idle.ts";
import { lone } from "./measures/lone.ts";
import { millionDevices } from "./measures/million-devices.ts";
import { mqttRate } from "./measures/mqtt.ts";
import { alertsRate } from "./measures/alerts.ts";
import { peerRates } from "./measures/peers.ts";
import { postgresHeartbeats, postgresLone } from "./measures/postgres-devices.ts";
import { postgresBundles, postgresReports } from "./measures/postgres-reports.ts";
import { dataRate, statusRate } from "./measures/rates.ts";
import { sealedFleet } from "./measures/sealed-fleet.ts";
import { sealedHandshakes } from "./measures/sealed-handshakes.ts";
import { sealedDataRate, sealedStatusRate } from "./measures/sealed-rates.ts";
import { durability, postgresVersion } from "./postgres.ts";
import { doubtsAbout, tableOf } from "./table.ts";

/** All measures in the order of the table. To add one: a file under measures/ and a line here. */
const ofSqlite: readonly Measure[] = [
  statusRate,
  dataRate,
  lone,
  peerRates,
  history,
  millionDevices,
  idle,
  chart,
  dashboard,
  sealedStatusRate,
  sealedDataRate,
  bundles,
  sealedHandshakes,
  sealedFleet,
  backlog,
  mqttRate,
  alertsRate,
];
const ofPostgres: readonly Measure[] = [
  postgresReports,
  postgresBundles,
  postgresHeartbeats,
  postgresLone,
];
const namesOf = (measures: readonly Measure[]) => measures.map(({ name }) => name).join(", ");

const usage = `Usage: bun run bench [--store postgres] [--quick] [--only NAME]... [--rounds N] [--seconds S] [--server FILE]

  --store postgres  the server on a PostgreSQL that is started for it, beside pgbench
                    with the same statement, and beside the server on SQLite
  --quick           a smoke run of seconds; its numbers mean little
  --only NAME       ${namesOf(ofSqlite)};
                    with --store postgres: ${namesOf(ofPostgres)}
  --rounds N        turns of each in a comparison; default 5
  --seconds S       length of each; default 1.5; with --store postgres whole seconds, default 2
  --server FILE     another compiled server, to compare`;

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

try {
  await run(readOptions());
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(error.message);
  // At once, because servers that still run would keep this process; they end with it.
  process.exit(1);
}

type Options = {
  readonly onPostgres: boolean;
  readonly quick: boolean;
  readonly chosen: readonly Measure[];
  readonly rounds: number;
  readonly seconds: number;
  readonly server: string | null;
};

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: "boolean", default: false },
        store: { type: "string", default: "sqlite" },
        quick: { type: "boolean", default: false },
        only: { type: "string", multiple: true, default: [] },
        rounds: { type: "string" },
        seconds: { type: "string" },
        server: { type: "string" },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const { quick, only, store } = values;
    const onPostgres = store === "postgres";
    const measures = onPostgres ? ofPostgres : ofSqlite;
    const chosen = measures.filter(({ name }) => only.length === 0 || only.includes(name));
    const rounds = Number(values.rounds ?? (quick ? 1 : 5));
    const seconds = secondsOf(values.seconds, quick, onPostgres);
    const known = only.every((name) => measures.some((measure) => measure.name === name));
    if (!known || !(rounds >= 1 && seconds > 0) || !(onPostgres || store === "sqlite")) {
      throw new TypeError("a name or number is wrong");
    }
    const server = values.server === undefined ? null : resolve(values.server);
    return { onPostgres, quick, chosen, rounds, seconds, server };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

/** The length of a turn. pgbench knows whole seconds only, and begins to be as fast as it gets when they begin. */
function secondsOf(given: string | undefined, quick: boolean, onPostgres: boolean): number {
  if (!onPostgres) return Number(given ?? (quick ? 0.3 : 1.5));
  return Math.ceil(Number(given ?? (quick ? 1 : 2)));
}

async function run({ onPostgres, ...options }: Options): Promise<void> {
  const { quick, chosen, rounds, seconds, server } = options;
  mkdirSync(buildFolder, { recursive: true });
  const postgres = onPostgres ? postgresVersion() : null;
  for (const program of programs) buildC(program);
  const machine = describeMachine(buildFolder);
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Bun ${machine.bun}.`);
  if (postgres !== null) console.log(`PostgreSQL ${postgres}, as it is installed: ${durability}.`);
  for (const warning of warningsAbout(machine)) console.log(warning);
  const built = buildBinaries();
  const bench: Bench = {
    quick,
    pace: { rounds, seconds },
    binary: server ?? built.server,
    client: built.client,
    folder: newFolder,
    say: (words) => console.log(`  ${words}`),
  };
  const rows: Row[] = [];
  for (const measure of chosen) {
    console.log(`${measure.name}: ${measure.says}`);
    rows.push(...(await measure.run(bench)));
    removeFolders();
  }
  console.log(`\n${tableOf(rows)}`);
  const doubts = doubtsAbout(rows);
  if (doubts !== null) console.log(`\n${doubts}`);
  if (quick) console.log("\nA quick run: it shows that everything works, not how fast.");
  writeResults(machine, postgres, bench, rows);
}

function writeResults(
  machine: Machine,
  postgres: string | null,
  { quick, pace }: Bench,
  rows: readonly Row[],
): void {
  const results = {
    machine,
    ...(postgres !== null && { postgres }),
    quick,
    ...pace,
    rows: rows.map((row) => ({ ...row, met: isMet(row) })),
  };
  const path = join(buildFolder, "results.json");
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

/** A folder on the project's disk, because the system's temporary folder may be in memory. */
function newFolder(): string {
  const folder = mkdtempSync(join(buildFolder, "run-"));
  folders.push(folder);
  return folder;
}

function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
