// A chart over a day of one device that reported 1,000,000 times: how long the first request after a start takes, and how
// long a heartbeat waits meanwhile. No lowest and no highest value may be lost.

import { BenchError } from "../children.ts";
import { type Bench, type Measure, type Row, row, valueTarget } from "../measure.ts";
import { deviceId, seedDevices, seedOwnReports } from "../seed.ts";
import { type ServerProcess, startServer } from "../server-process.ts";
import { median } from "../spread.ts";

const reports = 1_000_000;
const reportsQuick = 50_000;
const dayMs = 86_400_000;
const points = 600;
const heartbeatEveryMs = 2;
/** Readings are between 20 and 30 but for these two. */
const [lowest, highest] = [-40.5, 120.25];

export const chart: Measure = {
  name: "chart",
  says: "a day of one device with 1,000,000 reports, decimated for a chart",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    const count = bench.quick ? reportsQuick : reports;
    const device = deviceId(0);
    await seedDevices(folder, 1_000);
    const to = Date.now();
    const from = to - dayMs;
    seedOwnReports(folder, device, messagesOf(count), from, to);
    const query = `points=${points}&from=${timeOf(from)}&to=${timeOf(to)}`;
    const path = `/api/v1/devices/${device}/series?field=temp&${query}`;
    const severalPath = `/api/v1/devices/${device}/chart?field=temp&field=hum&field=n&state=on&${query}`;
    bench.say("charts");
    const first: number[] = [];
    const second: number[] = [];
    const several: number[] = [];
    const waits: number[] = [];
    for (let round = 0; round < bench.pace.rounds; round++) {
      const server = await startServer(bench.binary, folder, {
        firstAckOf: deviceId(1),
        onAllCores: true,
      });
      const heartbeats = await Heartbeats.start(server.port);
      const ask = () => timeSeries(server, path, count);
      first.push(await ask());
      waits.push(heartbeats.stop());
      second.push(await ask());
      await server.stop();
      const again = await startServer(bench.binary, folder, { onAllCores: true });
      several.push(await timeSeries(again, severalPath, count));
      await again.stop();
    }
    const title = `Chart over ${count.toLocaleString("en")} reports of a device`;
    return [
      row(`${title}, first after the start`, median(first), "ms", valueTarget("at most", 200)),
      row(`${title}, slowest first`, Math.max(...first), "ms"),
      row(`${title}, again`, median(second), "ms"),
      row(`${title}, three fields and a state, first`, median(several), "ms"),
      row("Slowest heartbeat meanwhile", median(waits), "ms", valueTarget("at most", 20)),
    ];
  },
};

/** Lists of a few numbers, as devices send them. */
function messagesOf(count: number): string[] {
  const spikes = new Map([
    [Math.floor(count / 3), lowest],
    [Math.floor(count / 2), highest],
  ]);
  return Array.from({ length: count }, (_, i) => {
    const temperature = spikes.get(i) ?? 25 + 5 * Math.sin(i / 1_000);
    return `temp=${temperature.toFixed(2)} hum=${40 + (i % 20)} n=${i}`;
  });
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Asks for the chart and looks whether it is right; in ms. */
async function timeSeries({ port }: ServerProcess, path: string, count: number): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  const ms = performance.now() - startedAt;
  type Series = { reports: number; min: number[]; max: number[] };
  const answer = JSON.parse(text) as Series & { series?: Series[] };
  const series = answer.series?.[0] ?? answer;
  const ends = [Math.min(...series.min), Math.max(...series.max)];
  if (series.reports !== count || ends[0] !== lowest || ends[1] !== highest) {
    throw new BenchError(
      `The chart is wrong: ${series.reports} reports, from ${ends.join(" to ")}.`,
    );
  }
  return ms;
}

/** A heartbeat every two milliseconds, and how long the slowest waited for its ACK. */
class Heartbeats {
  readonly #sentAt: number[] = [];
  #answered = 0;
  #slowest = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  private constructor(private readonly socket: Bun.udp.ConnectedSocket<"buffer">) {}

  static async start(port: number): Promise<Heartbeats> {
    let heartbeats: Heartbeats | null = null;
    const first = Promise.withResolvers<void>();
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      connect: { hostname: "127.0.0.1", port },
      socket: {
        data() {
          heartbeats?.take();
          first.resolve();
        },
        error() {},
      },
    });
    heartbeats = new Heartbeats(socket);
    heartbeats.send();
    heartbeats.#timer = setInterval(() => heartbeats.send(), heartbeatEveryMs);
    await first.promise;
    return heartbeats;
  }

  send(): void {
    this.#sentAt.push(performance.now());
    this.socket.send(`STATUS\t01\t${deviceId(1)}\t2026-11-22:10:10:10\t9\theartbeat`);
  }

  /** The server answers them in their order. */
  take(): void {
    this.#slowest = Math.max(
      this.#slowest,
      performance.now() - (this.#sentAt[this.#answered++] as number),
    );
  }

  /** @returns how long the slowest waited, ms */
  stop(): number {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.socket.close();
    return this.#slowest;
  }
}
