// The two main rates: heartbeats, and reports that are each on the disk before their ACK. Then the rows are counted:
// every acknowledged report is stored, once.

import { Database } from "bun:sqlite";
import { BenchError } from "../children.ts";
import { compare, type Comparison } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row, row } from "../measure.ts";
import { seedDevices } from "../seed.ts";
import { databaseIn, startServer } from "../server-process.ts";

export const statusRate: Measure = {
  name: "status",
  says: "heartbeats of 1,000 devices, 256 under way",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    await seedDevices(folder, 1_000);
    const server = await startServer(bench.binary, folder);
    const [status] = await compare([server.port], "status", bench.pace);
    await server.stop();
    return rateRows("STATUS", status as Comparison, 0.55);
  },
};

export const dataRate: Measure = {
  name: "data",
  says: "reports of 1,000 devices, 256 under way, each on the disk before its ACK",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    await seedDevices(folder, 1_000);
    const server = await startServer(bench.binary, folder);
    const [data] = await compare([server.port], "data", bench.pace);
    await server.stop();
    checkReports(folder, 0, data as Comparison);
    return rateRows("DATA", data as Comparison, 0.4);
  },
};

/** The rows for a rate: the rate itself, and the 99th percentile of the latency. */
export function rateRows(name: string, comparison: Comparison, least: number): Row[] {
  const { rate, ratio, p99, echoRate, quiet, turns } = comparison;
  const echo = { rate: echoRate, quiet, turns };
  return [
    { measure: `${name} rate`, value: rate, unit: "/s", ratio, target: ratioTarget(least), echo },
    row(`${name} latency, p99`, p99, "µs"),
  ];
}

/**
 * Checks the stored reports of a load: every acknowledged one is there, and none twice.
 * @param after the sequence number of the last report before the load
 * @throws BenchError if the numbers do not agree
 */
export function checkReports(folder: string, after: number, { acked, sent }: Comparison): void {
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
