// What an open dashboard costs: 5,000 devices send heartbeats, and turns with browsers that listen alternate with turns
// without. The result is the ratio within a pair of turns, because the machine may be busy with other work at times.

import { BenchError } from "../children.ts";
import { loadServer } from "../load.ts";
import { type Bench, type Measure, type Row, row, valueTarget } from "../measure.ts";
import { deviceId, seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";
import { median } from "../spread.ts";
import { warmUpSeconds } from "../turns.ts";

const devices = 5_000;
const pairsPerRound = 2;

/** The event streams that the dashboard's pages open: fleet, a device, activity, server. */
const pages: readonly string[] = [
  "topics=devices,reports,seen,status",
  `topics=devices,reports,seen,status&device=${deviceId(0)}`,
  "topics=activity,status",
  "topics=status",
];
/** The lists that the pages load first. */
const lists = ["/api/v1/devices?sort=id&limit=100", "/api/v1/status"];

export const dashboard: Measure = {
  name: "dashboard",
  says: "heartbeats of 5,000 devices, 256 under way, with and without four open pages of the dashboard",
  async run(bench: Bench): Promise<Row[]> {
    const { rounds, seconds } = bench.pace;
    const folder = bench.folder();
    await seedDevices(folder, devices, devices);
    const server = await startServer(bench.binary, folder);
    const { port } = server;
    const loadOnce = async () => (await loadServer(port, "status", seconds, { devices })).rate;
    let told = 0;
    const loadWatched = async () => {
      const browsers = await Browsers.open(port);
      const rate = await loadOnce();
      told += await browsers.close();
      return rate;
    };
    await loadServer(port, "status", warmUpSeconds(seconds), { devices });
    await loadWatched();
    const pairs: { readonly alone: number; readonly watched: number }[] = [];
    for (let i = 0; i < rounds * pairsPerRound; i++) {
      // The order alternates between pairs, so that a trend over time affects both kinds equally.
      const watchedFirst = i % 2 === 1 ? await loadWatched() : null;
      const alone = await loadOnce();
      pairs.push({ alone, watched: watchedFirst ?? (await loadWatched()) });
    }
    await server.stop();
    if (told < (bench.quick ? 1 : pairs.length * devices))
      throw new BenchError(`Only ${told} bytes of events came.`);
    const ratios = pairs.map(({ alone, watched }) => watched / alone);
    const title = `STATUS of ${devices.toLocaleString("en")} devices`;
    return [
      row(`${title}, no dashboard open`, median(pairs.map(({ alone }) => alone)), "/s"),
      row(`${title}, dashboards open`, median(pairs.map(({ watched }) => watched)), "/s"),
      row(`${title}, share that is left`, median(ratios), "", valueTarget("at least", 0.9)),
      row(`${title}, share in the worst of ${pairs.length} pairs`, Math.min(...ratios), ""),
    ];
  },
};

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/** A browser on each page: it has loaded its lists, and receives events as they come. */
class Browsers {
  #bytes = 0;
  readonly #readers: Reader[] = [];

  static async open(port: number): Promise<Browsers> {
    const origin = `http://127.0.0.1:${port}`;
    const browsers = new Browsers();
    for (const list of lists) await (await fetch(origin + list)).arrayBuffer();
    for (const page of pages) {
      const response = await fetch(`${origin}/api/v1/events?${page}`);
      if (!response.ok || response.body === null) throw new BenchError("No stream of events.");
      const reader = response.body.getReader();
      browsers.#readers.push(reader);
      void browsers.#read(reader);
    }
    return browsers;
  }

  async #read(reader: Reader): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#bytes += value?.length ?? 0;
    }
  }

  /** @returns the number of bytes of events received */
  async close(): Promise<number> {
    for (const reader of this.#readers) await reader.cancel();
    return this.#bytes;
  }
}
