// What an open dashboard costs the devices: 5,000 of them beat, and turns with browsers that listen alternate with turns
// without. What counts is the ratio within a pair of turns: the machine may be busy with other things.

import { BenchError } from "../children.ts";
import { loadServer, warmUpSeconds } from "../load.ts";
import { type Bench, type Measure, median, type Row, row, valueTarget } from "../measure.ts";
import { deviceId, seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";

const devices = 5_000;
const pairsPerRound = 2;

/** The streams that the pages of the dashboard open: fleet, a device, activity, server. */
const pages: readonly string[] = [
  "topics=devices,reports,seen,status",
  `topics=devices,reports,seen,status&device=${deviceId(0)}`,
  "topics=activity,status",
  "topics=status",
];
/** The lists they load first. */
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
    const loadOnce = async () => (await loadServer(port, "status", seconds, devices)).rate;
    let told = 0;
    const loadWatched = async () => {
      const browsers = await Browsers.open(port);
      const rate = await loadOnce();
      told += await browsers.close();
      return rate;
    };
    await loadServer(port, "status", warmUpSeconds(seconds), devices);
    await loadWatched();
    const pairs: { readonly alone: number; readonly watched: number }[] = [];
    for (let i = 0; i < rounds * pairsPerRound; i++) {
      // Each goes first in every second pair: what grows or wanes with time falls on both.
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

/** A browser on each page: it has loaded its lists, and takes the events as they come. */
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

  /** @returns bytes of events that came */
  async close(): Promise<number> {
    for (const reader of this.#readers) await reader.cancel();
    return this.#bytes;
  }
}
