// The server under measurement: the compiled binary on its core, with a folder of its own. Started on a free port, asked
// for its memory, stopped cleanly.

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { tokenPathOf } from "../../lib/io/secrets/admin-token.ts";
import { adopt, BenchError, firstLine } from "./children.ts";
import { onCore } from "./machine.ts";
import { memoryOf } from "./process-readings.ts";

/** A server that runs. */
export type ServerProcess = {
  readonly port: number;
  readonly pid: number;
  /** From its start to the ACK of a session that was there before, in ms; asked for by `firstAckOf`. */
  readonly firstAckMs: number;
  /** Resident now, in bytes. */
  residentBytes(): number;
  /** What its heap holds that is in use, in bytes; of a server that runs from its sources only. */
  heapBytes(): Promise<number>;
  /** The most it was resident so far, in bytes. */
  residentBytesMax(): number;
  /** The value of a metric, or the sum over its labels that contain all of these. */
  metric(name: string, ...labels: string[]): Promise<number>;
  stop(): Promise<void>;
};

/** In place of a compiled server: the sources, which can be asked for their heap. */
export const fromSources = "sources";
const root = new URL("../../", import.meta.url).pathname;

const askEveryMs = 5;
const startMaxMs = 60_000;

/** The database in a folder; what seeds it and what serves it agree on this name. */
export function databaseIn(folder: string): string {
  return join(folder, "iot_server.db");
}

/** The path beside which a server on PostgreSQL keeps what is its own, if its `--data` is this folder. */
export function dataIn(folder: string): string {
  return join(folder, "iot-server");
}

export type StartOptions = {
  /** A device with an open session from 127.0.0.1: waits for the ACK of its heartbeat. */
  readonly firstAckOf?: string;
  /** The port of a server before it; else one that is free. */
  readonly port?: number;
  /** The address of a database on PostgreSQL, in place of the file; its key and token are in the folder. */
  readonly store?: string;
  /** More arguments. */
  readonly args?: readonly string[];
  /** Whether it may run on every core, as an operator's does; else it keeps to the server's, as the echo does. */
  readonly onAllCores?: boolean;
};

/**
 * Starts a server and waits until it serves.
 * @param binary the compiled server, or `fromSources`
 * @param folder where its database and logs are
 */
export async function startServer(
  binary: string,
  folder: string,
  { firstAckOf, port: wanted, store, args = [], onAllCores = false }: StartOptions = {},
): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true });
  const port = wanted ?? (await freePort());
  const startedAt = performance.now();
  const preload = join(root, "test/bench/heap-reporter.ts");
  const program =
    binary === fromSources
      ? [process.execPath, "--preload", preload, join(root, "cmd/server.ts")]
      : [binary];
  const place =
    store === undefined ? ["--db", databaseIn(folder)] : ["--store", store, "--data", folder];
  const words = [String(port), "--shared-ip", ...place];
  const tokenPath = tokenPathOf(store === undefined ? databaseIn(folder) : dataIn(folder));
  const command = [...program, ...words, "--log-dir", join(folder, "log"), ...args];
  const heapReport = join(folder, "heap");
  const child = adopt(
    Bun.spawn(onAllCores ? command : onCore("server", command), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, HEAP_REPORT: heapReport, IOT_HTTP_PUBLIC_READ: "1" },
    }),
  );
  if (firstAckOf !== undefined) await askUntilAcked(port, firstAckOf);
  const firstAckMs = performance.now() - startedAt;
  if (!(await firstLine(child.stdout)).includes(String(port))) {
    throw new BenchError(`The server did not start: ${await new Response(child.stderr).text()}`);
  }
  return {
    port,
    pid: child.pid,
    firstAckMs,
    residentBytes: () => memoryOf(child.pid, "VmRSS"),
    async heapBytes() {
      rmSync(heapReport, { force: true });
      child.kill("SIGUSR2");
      while (!existsSync(heapReport)) await wait(askEveryMs);
      return Number(readFileSync(heapReport, "utf8"));
    },
    residentBytesMax: () => memoryOf(child.pid, "VmHWM"),
    metric: (name, ...labels) => readMetric(port, tokenPath, name, labels),
    async stop() {
      child.kill("SIGTERM");
      if ((await child.exited) !== 0) {
        throw new BenchError(`The server failed: ${await new Response(child.stderr).text()}`);
      }
    },
  };
}

/** Sends heartbeats from 127.0.0.1 until one is acknowledged. */
async function askUntilAcked(port: number, id: string): Promise<void> {
  const heartbeat = `STATUS\t01\t${id}\t2026-11-22:10:10:10\t9\theartbeat`;
  const acked = Promise.withResolvers<void>();
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data(_socket, bytes) {
        const text = bytes.toString();
        if (text.startsWith(`ACK\t40\t${id}\t`)) acked.resolve();
        else acked.reject(new BenchError(`The server refused a heartbeat: ${text}`));
      },
      error() {},
    },
  });
  const timer = setInterval(() => {
    try {
      socket.send(heartbeat, port, "127.0.0.1");
    } catch {
      // Nobody listens yet: the kernel says so at the next send.
    }
  }, askEveryMs);
  const limit = setTimeout(
    () => acked.reject(new BenchError(`No ACK from the server after ${startMaxMs / 1000} s.`)),
    startMaxMs,
  );
  try {
    await acked.promise;
  } finally {
    clearInterval(timer);
    clearTimeout(limit);
    socket.close();
  }
}

async function readMetric(
  port: number,
  tokenPath: string,
  name: string,
  labels: readonly string[],
): Promise<number> {
  const token = readFileSync(tokenPath, "utf8").trim();
  const headers = { authorization: `Bearer ${token}` };
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text();
  const lines = page.split("\n").filter((line) => line.startsWith(name) && !line.startsWith("#"));
  if (lines.length === 0) throw new BenchError(`The server has no metric ${name}.`);
  const meant = lines.filter((line) => labels.every((label) => line.includes(label)));
  return meant.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** A port that nobody uses, over UDP or TCP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const udp = await Bun.udpSocket({ hostname: "::", socket: { data() {}, error() {} } });
    const { port } = udp;
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // In use over TCP: try another one.
    } finally {
      udp.close();
    }
  }
}
