// A large history: 10,000,000 reports of 1,000 devices. How long the last 100 reports of a device take, in this process
// and through the command, and whether new reports are stored at the same rate.

import { openReadOnly } from "../../../lib/store/sqlite/file/open-database.ts";
import { ReportReader } from "../../../lib/store/sqlite/reports/report-reader.ts";
import { BenchError } from "../children.ts";
import { durableFloor, textContender } from "../contenders.ts";
import { sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row, row, valueTarget } from "../measure.ts";
import { deviceId, seedDevices, seedReports } from "../seed.ts";
import { databaseIn, startServer } from "../server-process.ts";
import { median } from "../spread.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";
import { lastReports } from "../../store/sqlite/last-reports.ts";

const reports = 10_000_000;
const reportsQuick = 200_000;
const wanted = 100;
const queries = 20;

export const history: Measure = {
  name: "history",
  says: "10,000,000 reports of 1,000 devices: the last 100 of one, and the rate of more",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    const count = bench.quick ? reportsQuick : reports;
    await seedDevices(folder, sessions);
    seedReports(folder, count, bench.say);
    bench.say("queries");
    const { middle, worst } = queryInProcess(folder);
    const { whole, bare } = queryByCommand(bench, folder);
    bench.say("reports that come in");
    const server = await startServer(bench.binary, folder, { firstAckOf: deviceId(0) });
    const floor = await durableFloor(folder);
    const name = `DATA, ${count.toLocaleString("en")} reports`;
    const contenders = [floor, textContender(name, server, "data")];
    const [durable, data] = (await takeTurns(contenders, bench.pace)) as [Turns, Turns];
    await floor.stop();
    const during = queryByCommand(bench, folder);
    await server.stop();
    checkReports(folder, count, data);
    const title = "Last 100 reports of a device";
    const target = valueTarget("at most", 20);
    return [
      row(title, middle, "ms", target),
      row(`${title}, slowest of ${queries}`, worst, "ms", target),
      row(`${title}, by the command`, whole, "ms"),
      row(`${title}, by the command, less its start`, whole - bare, "ms", target),
      row(`${title}, by the command, while served`, during.whole, "ms"),
      row(`Start to first ACK, ${count.toLocaleString("en")} reports`, server.firstAckMs, "ms"),
      figureRow(data, "rate", durable, ratioTarget("at least", 0.45)),
    ];
  },
};

/** Queries as the command does, with a new connection each, for devices across the table; in ms. */
function queryInProcess(folder: string): { middle: number; worst: number } {
  const times = Array.from({ length: queries }, (_, i) => {
    const startedAt = performance.now();
    const database = openReadOnly(databaseIn(folder));
    const reader = new ReportReader(database, null);
    const found = lastReports(reader, deviceId((i * 37) % sessions), wanted).length;
    database.close();
    if (found !== wanted) throw new BenchError(`${found} reports came, not ${wanted}.`);
    return performance.now() - startedAt;
  });
  return { middle: median(times), worst: Math.max(...times) };
}

/** Queries through `iot-server reports`: the whole process, and one that only prints its version; in ms. */
function queryByCommand(bench: Bench, folder: string): { whole: number; bare: number } {
  const where = ["--last", String(wanted), "--json", "--db", databaseIn(folder)];
  const times = Array.from({ length: 5 }, (_, i) => {
    const { text, ms } = timed([bench.binary, "reports", deviceId(i * 101), ...where]);
    const lines = text.split("\n").length - 1;
    if (lines !== wanted) throw new BenchError(`${lines} lines came, not ${wanted}: ${text}`);
    return ms;
  });
  const bare = Array.from({ length: 5 }, () => timed([bench.binary, "--version"]).ms);
  return { whole: median(times), bare: median(bare) };
}

function timed(command: string[]): { text: string; ms: number } {
  const startedAt = performance.now();
  const { stdout } = Bun.spawnSync(command);
  return { text: stdout.toString(), ms: performance.now() - startedAt };
}
