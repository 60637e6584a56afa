// What else a device notices of PostgreSQL: heartbeats, which need no commit, beside a server with SQLite; and how long one
// report alone waits for its ACK, beside its bare statement and SQLite.

import { textContender } from "../contenders.ts";
import { type Load, loadServer, sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import { startParty } from "../postgres-contenders.ts";
import { seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

const one: Load = { devices: 1, window: 1 };

export const postgresHeartbeats: Measure = {
  name: "status",
  says: "heartbeats of 1,000 devices, 256 under way, beside SQLite",
  async run(bench: Bench): Promise<Row[]> {
    const [folder, fileFolder] = [bench.folder(), bench.folder()];
    for (const each of [folder, fileFolder]) await seedDevices(each, sessions);
    const party = await startParty(bench, folder);
    const file = await startServer(bench.binary, fileFolder);
    const turns = await takeTurns(
      [
        textContender("STATUS on PostgreSQL", party.server, "status"),
        textContender("STATUS on SQLite", file, "status"),
      ],
      bench.pace,
    );
    await party.stop();
    await file.stop();
    const [own, onFile] = turns as [Turns, Turns];
    return [
      figureRow(onFile, "rate"),
      figureRow(own, "rate", onFile, ratioTarget("at least", 0.9)),
      figureRow(own, "p99", onFile),
    ];
  },
};

export const postgresLone: Measure = {
  name: "lone",
  says: "reports of one device, one under way, beside pgbench with one report a statement, and SQLite",
  async run(bench: Bench): Promise<Row[]> {
    const [folder, fileFolder] = [bench.folder(), bench.folder()];
    for (const each of [folder, fileFolder]) await seedDevices(each, 1);
    const party = await startParty(bench, folder);
    const file = await startServer(bench.binary, fileFolder);
    const load = (seconds: number) => loadServer(party.server.port, "dataNow", seconds, one);
    const ours = party.ours("lone DATA on PostgreSQL", load);
    const bare = await party.bare(1, ours, "t=21.50 n=00000000", one);
    const onFile = textContender("lone DATA on SQLite", file, "dataNow", one);
    const all = [ours.contender, bare.contender, onFile];
    const turns = (await takeTurns(all, bench.pace)) as [Turns, Turns, Turns];
    const [own, statement, onSqlite] = turns;
    await ours.check(own);
    await bare.check(statement);
    await party.stop();
    await file.stop();
    checkReports(fileFolder, 0, onSqlite);
    return [
      figureRow(statement, "p50"),
      figureRow(onSqlite, "p50"),
      figureRow(own, "p50", statement),
      figureRow(own, "p99", statement),
      figureRow(own, "p50", onSqlite),
    ];
  },
};
