// A backlog under loss: 5,000 reports that wait in the compiled client, through a relay that loses datagrams in both
// directions. Then the rows are compared: every report is stored once, in order.

import { Database } from "bun:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { LossyRelay } from "../../e2e/lossy-relay.ts";
import { BenchError } from "../children.ts";
import { DeviceProcess } from "../device-process.ts";
import { type Bench, type Measure, type Row, row, valueTarget } from "../measure.ts";
import { databaseIn, startServer } from "../server-process.ts";

const reports = 5_000;
const reportsQuick = 200;
const patienceQuick = 5;
const askEveryMs = 5;
const seed = 20_261_128;

/** Losses in each direction, and how soon the reports should have arrived sealed, s. */
const losses: readonly { readonly loss: number; readonly most: number }[] = [
  { loss: 0, most: 3 },
  { loss: 0.1, most: 60 },
  { loss: 0.3, most: 300 },
];

type Way = {
  readonly name: string;
  /** The command, which gets the reports as lines. */
  readonly words: readonly string[];
  readonly isText: boolean;
  /** After this time the rest is reckoned from what came, s. */
  readonly patience: number;
};

const ways: readonly Way[] = [
  { name: "run", words: ["run", "--spool-max", "10000"], isText: false, patience: 20 },
  { name: "send from a pipe", words: ["send", "--timeout", "1m"], isText: false, patience: 20 },
  {
    name: "send from a pipe, text",
    words: ["send", "--timeout", "1m"],
    isText: true,
    patience: 10,
  },
];

export const backlog: Measure = {
  name: "backlog",
  says: "5,000 reports that wait in the client, with 0, 10 and 30% of the datagrams lost each way",
  async run(bench: Bench): Promise<Row[]> {
    const rows: Row[] = [];
    for (const way of ways) {
      for (const { loss, most } of losses) {
        bench.say(`${way.name}, ${loss * 100}%`);
        rows.push(await drainBacklog(bench, way, loss, most));
      }
    }
    return rows;
  },
};

async function drainBacklog(bench: Bench, way: Way, loss: number, most: number): Promise<Row> {
  const [folder, home] = [bench.folder(), bench.folder()];
  const count = bench.quick ? reportsQuick : reports;
  const server = await startServer(bench.binary, folder, { onAllCores: true });
  const device = await DeviceProcess.prepare(bench.client, home, way.isText);
  await device.logIn(server.port);
  using relay = await LossyRelay.open(server.port, loss, seed);
  const startedAt = performance.now();
  const { child, said } = device.start(relay.port, way.words);
  void child.stdin.write(Array.from({ length: count }, (_, i) => `${messageOf(i)}\n`).join(""));
  void child.stdin.end();
  const limitMs = (bench.quick ? patienceQuick : way.patience) * 1_000;
  const database = new Database(databaseIn(folder), { readonly: true });
  const stored = database.query<{ count: number }, []>("SELECT count(*) AS count FROM data");
  const storedNow = () => stored.get()?.count ?? 0;
  while (storedNow() < count && performance.now() - startedAt < limitMs) {
    if (child.exitCode !== null && storedNow() < count) {
      throw new BenchError(`The client ended with ${storedNow()} stored: ${(await said)[1]}`);
    }
    await wait(askEveryMs);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const arrived = storedNow();
  child.kill("SIGKILL");
  await said;
  await server.stop();
  checkOrder(database);
  database.close();
  const title = `${count.toLocaleString("en")} reports by ${way.name}, ${loss * 100}% lost each way`;
  const whole = arrived === 0 ? null : (seconds * count) / arrived;
  const target = way.isText ? undefined : valueTarget("at most", most);
  const all = { ...row(title, 0, "s", target), value: whole };
  if (arrived === count) return all;
  return { ...all, remark: `${arrived} in ${seconds.toFixed(0)} s, the rest reckoned` };
}

function messageOf(number: number): string {
  return `t=21.50 n=${String(number).padStart(8, "0")}`;
}

/** Checks that the first reports are stored, each once and in order. @throws BenchError if they are not */
function checkOrder(database: Database): void {
  const rows = database
    .query<{ message: string }, []>("SELECT message FROM data ORDER BY sequence")
    .all();
  const wrong = rows.findIndex(({ message }, i) => message !== messageOf(i));
  if (wrong !== -1) throw new BenchError(`Report ${wrong} is stored as ${rows[wrong]?.message}.`);
}
