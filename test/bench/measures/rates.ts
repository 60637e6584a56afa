// The two main rates: heartbeats beside an echo, and reports that are each on the disk before their ACK beside a durable
// echo. Then the rows are counted: every acknowledged report is stored, once.

import { Database } from "bun:sqlite";
import { BenchError } from "../children.ts";
import { durableFloor, echoFloor, textContender } from "../contenders.ts";
import { sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import { seedDevices } from "../seed.ts";
import { databaseIn, startServer } from "../server-process.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";

export const statusRate: Measure = {
  name: "status",
  says: "heartbeats of 1,000 devices, 256 under way, beside an echo in C",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    await seedDevices(folder, sessions);
    const server = await startServer(bench.binary, folder);
    const floor = await echoFloor("status");
    const contenders = [floor, textContender("STATUS", server, "status")];
    const [echo, status] = (await takeTurns(contenders, bench.pace)) as [Turns, Turns];
    await floor.stop();
    await server.stop();
    return [
      figureRow(echo, "rate"),
      figureRow(status, "rate", echo, ratioTarget("at least", 0.6)),
      figureRow(status, "p99"),
    ];
  },
};

export const dataRate: Measure = {
  name: "data",
  says: "reports of 1,000 devices, 256 under way, on the disk before their ACK, beside a durable echo in C",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    await seedDevices(folder, sessions);
    const server = await startServer(bench.binary, folder);
    const floor = await durableFloor(folder);
    const contenders = [floor, textContender("DATA", server, "data")];
    const [durable, data] = (await takeTurns(contenders, bench.pace)) as [Turns, Turns];
    await floor.stop();
    await server.stop();
    checkReports(folder, 0, data);
    return [
      figureRow(durable, "rate"),
      figureRow(data, "rate", durable, ratioTarget("at least", 0.45)),
      figureRow(data, "p99"),
    ];
  },
};

/**
 * Checks the stored reports of a load: every acknowledged one is there, and none twice.
 * @param after the sequence number of the last report before the load
 * @throws BenchError if the numbers do not agree
 */
export function checkReports(
  folder: string,
  after: number,
  { acked, sent }: Pick<Turns, "acked" | "sent">,
): void {
  const database = new Database(databaseIn(folder), { readonly: true });
  const { stored, distinct } = database
    .query<{ stored: number; distinct: number }, [number]>(
      `SELECT count(*) AS stored, count(DISTINCT device || message) AS "distinct"
       FROM data WHERE sequence > ?`,
    )
    .get(after) as { stored: number; distinct: number };
  database.close();
  // A report that was sent and not acknowledged may be stored; an acknowledged one must be.
  if (distinct !== stored || stored < acked || stored > sent) {
    throw new BenchError(
      `${acked} reports were acknowledged and ${sent} sent, but ${stored} are stored, ${distinct} of them distinct.`,
    );
  }
}
