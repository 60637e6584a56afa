// The load and the comparison: servers and the echo take turns under the same requests. The result is the ratio within
// a turn, because the machine may be busy with other work at times.

import { adopt, BenchError, buildC, type Echo, startEcho } from "./children.ts";
import { onCore } from "./machine.ts";
import { median, type Pace } from "./measure.ts";

/** The output of the load generator. Latencies in µs, rate per second. */
export type LoadResult = {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly late: number;
  readonly strange: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly echoes: number;
  /** Number of replies by ACK code, of sealed ones by packet type. */
  readonly codes: Readonly<Record<string, number>>;
  /** The last sealed replies, in hex. */
  readonly samples: readonly string[];
};

/** Templates for the load generator: `\t` is a TAB, `%d` the device, `%n` the round. */
export const requests = {
  status: { template: "STATUS\\t01\\tdev%d\\t2026-11-22:10:10:10\\t9\\theartbeat", code: "40" },
  data: { template: "DATA\\t01\\tdev%d\\t2026-11-22:10:10:10\\t18\\tt=21.50 n=%n", code: "50" },
} as const;

export type Request = keyof typeof requests;

export const window = 256;
export const sessions = 1_000;
/** The most rounds of one load; the next load starts beyond them, so that no datagram repeats. */
const roundsPerLoad = 100_000;

let loads = 0;

/**
 * Loads a port from the load's core. Every request differs from those of all other loads, if its template has %n.
 * @param devices the first devices of the seeded ones, in turn
 */
export async function load(
  port: number,
  request: Request,
  seconds: number,
  devices = sessions,
): Promise<LoadResult> {
  const firstRound = loads++ * roundsPerLoad;
  const numbers = [port, seconds, window, devices, firstRound].map(String);
  return generate([...numbers, requests[request].template]);
}

/**
 * Loads a port with packets from a file in the format of load.c: rounds of a thousand devices.
 * @param fromPort the source port; 0 lets the system choose
 */
export async function loadPackets(
  port: number,
  file: string,
  seconds: number,
  fromPort = 0,
): Promise<LoadResult> {
  const numbers = [port, seconds, window, sessions, 0].map(String);
  return generate([...numbers, `@${file}`, String(fromPort)]);
}

async function generate(words: readonly string[]): Promise<LoadResult> {
  const command = [buildC("load"), ...words];
  const child = adopt(Bun.spawn(onCore("load", command), { stdin: "ignore", stdout: "pipe" }));
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new BenchError("The load generator failed.");
  return JSON.parse(text) as LoadResult;
}

/** The result of a server compared with the echo. */
export type Comparison = {
  /** Medians over the turns that count. */
  readonly rate: number;
  readonly p99: number;
  readonly echoRate: number;
  readonly ratio: number;
  /** The number of turns that count, and of all; in the others the machine was busy with other work. */
  readonly quiet: number;
  readonly turns: number;
  /** The number of acknowledged and of sent requests, warm-up included. */
  readonly acked: number;
  readonly sent: number;
};

/** A turn counts if the echo before and after it reached this share of its best rate. */
const quietShare = 0.85;

/** Loads a server for some seconds and checks its answers. */
export type Loader = (seconds: number) => Promise<LoadResult>;

/**
 * Compares servers with the echo, in turns.
 * @param ports one per server
 * @returns one comparison per server, in the same order
 * @throws BenchError if a server answers anything but the expected ACK
 */
export function compare(
  ports: readonly number[],
  request: Request,
  pace: Pace,
): Promise<Comparison[]> {
  const loaders = ports.map((port) => (seconds: number) => loadServer(port, request, seconds));
  return compareLoads(loaders, request, pace);
}

/**
 * Compares loads of servers with the echo, in turns.
 * @param request the request that the echo gets
 */
export async function compareLoads(
  loaders: readonly Loader[],
  request: Request,
  { rounds, seconds }: Pace,
): Promise<Comparison[]> {
  const echo = await startEcho();
  const echoed: LoadResult[] = [];
  const results = loaders.map((): LoadResult[] => []);
  // In its first second a server's code is still being compiled, so the warm-up does not count.
  const warmUp: LoadResult[] = [];
  for (const loadOne of loaders) warmUp.push(await loadOne(warmUpSeconds(seconds)));
  for (let round = 0; round < rounds; round++) {
    echoed.push(await loadEcho(echo, request, seconds));
    for (const [i, loadOne] of loaders.entries()) results[i]?.push(await loadOne(seconds));
  }
  echoed.push(await loadEcho(echo, request, seconds));
  await echo.stop();
  return results.map((own, i) => compareTurns(own, echoed, [warmUp[i] as LoadResult, ...own]));
}

/** How long a server is loaded before the turns begin, s. */
export function warmUpSeconds(seconds: number): number {
  return Math.min(1, seconds);
}

/** @param echoed one more than turns: the echo before each turn, and after the last one */
function compareTurns(
  own: readonly LoadResult[],
  echoed: readonly LoadResult[],
  all: readonly LoadResult[],
): Comparison {
  const least = Math.max(...echoed.map(({ rate }) => rate)) * quietShare;
  const turns = own.map((result, turn) => {
    const [before, after] = [echoed[turn] as LoadResult, echoed[turn + 1] as LoadResult];
    const isQuiet = Math.min(before.rate, after.rate) >= least;
    return { result, echoRate: (before.rate + after.rate) / 2, isQuiet };
  });
  const quiet = turns.filter(({ isQuiet }) => isQuiet);
  const counted = quiet.length > 0 ? quiet : turns;
  return {
    rate: median(counted.map(({ result }) => result.rate)),
    p99: median(counted.map(({ result }) => result.p99)),
    echoRate: median(counted.map(({ echoRate }) => echoRate)),
    ratio: median(counted.map(({ result, echoRate }) => result.rate / echoRate)),
    quiet: quiet.length,
    turns: turns.length,
    acked: sum(all.map(({ received }) => received)),
    sent: sum(all.map(({ sent }) => sent)),
  };
}

async function loadEcho(echo: Echo, request: Request, seconds: number): Promise<LoadResult> {
  const result = await load(echo.port, request, seconds);
  if (result.echoes !== result.received) throw new BenchError("The echo did not echo.");
  return result;
}

/**
 * Loads a server and checks its answers.
 * @throws BenchError if it answers anything but the expected ACK
 */
export async function loadServer(
  port: number,
  request: Request,
  seconds: number,
  devices = sessions,
): Promise<LoadResult> {
  const result = await load(port, request, seconds, devices);
  const good = result.codes[requests[request].code] ?? 0;
  if (good !== result.received || result.strange > 0) {
    throw new BenchError(`The server refused some of the ${request}: ${JSON.stringify(result)}`);
  }
  return result;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
