// Reports on PostgreSQL beside the statement that stores them, sent by pgbench with batches as large, and beside SQLite: in
// text, and in sealed bundles. Then the rows are counted.

import { textContender } from "../contenders.ts";
import { loadServer, sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import {
  type OnPostgres,
  type PostgresParty,
  startParty,
  withPostgresCpu,
} from "../postgres-contenders.ts";
import { seedSealedDevices } from "../sealed-devices.ts";
import { sealedLoader } from "../sealed-load.ts";
import { seedDevices } from "../seed.ts";
import { type ServerProcess, startServer } from "../server-process.ts";
import { type Contender, figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

const clients = [1, 4] as const;
const target = ratioTarget("at least", 0.7);
const bundle = 18;

export const postgresReports: Measure = {
  name: "data",
  says: "reports in text of 1,000 devices, 256 under way, beside pgbench and SQLite",
  async run(bench: Bench): Promise<Row[]> {
    const [folder, fileFolder] = [bench.folder(), bench.folder()];
    for (const one of [folder, fileFolder]) await seedDevices(one, sessions);
    const party = await startParty(bench, folder);
    const file = await startServer(bench.binary, fileFolder);
    const load = (seconds: number) => loadServer(party.server.port, "dataNow", seconds);
    const onFile = textContender("DATA on SQLite", file, "dataNow");
    const ours = party.ours("DATA on PostgreSQL", load);
    return compare({ bench, party, ours, file, fileFolder, onFile, message: "t=21.50 n=00000000" });
  },
};

export const postgresBundles: Measure = {
  name: "bundles",
  says: `sealed reports of 1,000 devices, ${bundle} a packet, 256 packets under way, beside pgbench and SQLite`,
  async run(bench: Bench): Promise<Row[]> {
    const [folder, fileFolder] = [bench.folder(), bench.folder()];
    for (const one of [folder, fileFolder]) await seedSealedDevices(one, sessions, true);
    const party = await startParty(bench, folder);
    const file = await startServer(bench.binary, fileFolder);
    bench.say("packets");
    const sealed = (port: number, of: string) =>
      sealedLoader(port, of, "shortDataNow", bench.pace, bundle);
    const name = `sealed DATA, ${bundle} a packet, on`;
    const ours = party.ours(`${name} PostgreSQL`, await sealed(party.server.port, folder));
    const onFile = {
      name: `${name} SQLite`,
      pid: file.pid,
      load: await sealed(file.port, fileFolder),
    };
    return compare({ bench, party, ours, file, fileFolder, onFile, message: "n=00000000" });
  },
};

type Parties = {
  readonly bench: Bench;
  readonly party: PostgresParty;
  readonly ours: OnPostgres;
  readonly file: ServerProcess;
  readonly fileFolder: string;
  readonly onFile: Contender;
  readonly message: string;
};

async function compare(parties: Parties): Promise<Row[]> {
  const { bench, party, ours, file, fileFolder, onFile, message } = parties;
  const bare = await Promise.all(clients.map((count) => party.bare(count, ours, message)));
  bench.say("rates");
  const all = [ours.contender, ...bare.map(({ contender }) => contender), onFile];
  const turns = await takeTurns(all, bench.pace);
  const [own, one, four, onSqlite] = turns as [Turns, Turns, Turns, Turns];
  await ours.check(own);
  await bare[0]?.check(one);
  await bare[1]?.check(four);
  await party.stop();
  await file.stop();
  checkReports(fileFolder, 0, onSqlite);
  const batch = `${ours.batch().toFixed(0)} reports a commit; `;
  return [
    withPostgresCpu(figureRow(one, "rate"), bare[0] as OnPostgres),
    withPostgresCpu(figureRow(four, "rate"), bare[1] as OnPostgres),
    withPostgresCpu(figureRow(own, "rate", one, target), ours, batch),
    figureRow(own, "rate", four, target),
    figureRow(own, "p99"),
    figureRow(own, "rate", onSqlite),
  ];
}
