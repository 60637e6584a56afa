// A fleet of 10,000 sealed devices: the memory of a session, and how soon all are back after a restart of the server,
// without a password check. The fleet's own cryptography, as costly as the server's, runs on the load's core.

import { setTimeout as wait } from "node:timers/promises";
import { adopt, BenchError } from "../children.ts";
import { linesOf } from "../lines.ts";
import { onCore } from "../machine.ts";
import { type Bench, type Measure, type Row, row, valueTarget } from "../measure.ts";
import { seedSealedDevices, serverKeyIn } from "../sealed-devices.ts";
import { fromSources, type ServerProcess, startServer } from "../server-process.ts";
import { median } from "../spread.ts";

const devices = 10_000;
const devicesQuick = 500;
/** Share of further devices that log in first, so that what the first sessions allocate once is not counted. */
const warmUpShare = 0.2;
const sockets = 8;
const readings = 7;
const settleMs = 2_000;

export const sealedFleet: Measure = {
  name: "sealed-fleet",
  says: "10,000 sealed devices: memory a session, and their return after a restart",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    const count = bench.quick ? devicesQuick : devices;
    const all = count * (1 + warmUpShare);
    await seedSealedDevices(folder, all, false);
    const server = await startServer(bench.binary, folder);
    const fleet = await startFleet(server.port, serverKeyIn(folder), all);
    bench.say("sessions");
    await fleet.bring("resume", count, all);
    const before = await settledBytes(server, bench);
    await fleet.bring("resume", 0, count);
    const bytes = ((await settledBytes(server, bench)) - before) / count;
    const { port } = server;
    await server.stop();
    bench.say("restart");
    const restarted = await startServer(bench.binary, folder, { port });
    const startedAt = performance.now();
    const busyMs = await fleet.bring("heartbeat", 0, count);
    const ms = performance.now() - startedAt;
    const argon2 = await restarted.metric("iot_argon2_total");
    const resumed = await restarted.metric(
      "iot_datagrams_total",
      `transport="sealed"`,
      "logged_in",
    );
    await restarted.stop();
    fleet.stop();
    if (resumed < count) throw new BenchError(`Only ${resumed} of ${count} devices resumed.`);
    const title = `${count.toLocaleString("en")} sealed devices`;
    return [
      row(`${title} back after a restart`, ms / 1_000, "s", valueTarget("at most", 10)),
      row(`${title}: the fleet's core busy meanwhile`, busyMs / 1_000, "s"),
      row(`${title}: argon2 at their return`, argon2, "", valueTarget("at most", 0)),
      row(
        `${title}: in use a session`,
        await heapASession(bench),
        "KiB",
        valueTarget("at most", 1.2),
      ),
      row(`${title}: resident a session, with what the allocators keep`, bytes / 1_024, "KiB"),
    ];
  },
};

/** What a session adds to the heap, KiB: objects in use, without memory that a burst of handshakes leaves allocated. */
async function heapASession(bench: Bench): Promise<number> {
  const folder = bench.folder();
  const count = bench.quick ? devicesQuick : devices;
  const all = count * (1 + warmUpShare);
  await seedSealedDevices(folder, all, false);
  const server = await startServer(fromSources, folder);
  const fleet = await startFleet(server.port, serverKeyIn(folder), all);
  await fleet.bring("resume", count, all);
  const before = await server.heapBytes();
  await fleet.bring("resume", 0, count);
  const bytes = ((await server.heapBytes()) - before) / count;
  await server.stop();
  fleet.stop();
  return bytes / 1_024;
}

/** Resident memory after earlier garbage was collected: the median of the later readings, bytes. */
async function settledBytes(server: ServerProcess, { quick }: Bench): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < readings; i++) {
    // A fixed time, because no event says that the memory has settled.
    await wait(quick ? settleMs / 20 : settleMs);
    values.push(server.residentBytes());
  }
  return median(values.slice(readings >> 1));
}

type FleetProcess = {
  /** Brings devices `first` to below `end` in; returns how long the fleet's core was busy, ms. */
  bring(greeting: "resume" | "heartbeat", first: number, end: number): Promise<number>;
  stop(): void;
};

async function startFleet(port: number, key: Uint8Array, size: number): Promise<FleetProcess> {
  const script = new URL("../fleet.ts", import.meta.url).pathname;
  const words = [port, Buffer.from(key).toString("base64"), size, sockets].map(String);
  const child = adopt(
    Bun.spawn(onCore("load", [process.execPath, script, ...words]), {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const lines = linesOf(child.stdout);
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new BenchError("The fleet ended.");
    return value;
  };
  await next();
  let busyMs = 0;
  return {
    async bring(greeting, first, end) {
      void child.stdin.write(`${greeting} ${first} ${end}\n`);
      await child.stdin.flush();
      const before = busyMs;
      busyMs = Number((await next()).split(" ")[1]);
      return busyMs - before;
    },
    stop: () => child.kill(),
  };
}
