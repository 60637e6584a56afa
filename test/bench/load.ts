// The load on a port: text requests from templates, or packets from a file. Checks the answers to what it sends;
// compares nothing.

import { adopt, BenchError, buildC } from "./children.ts";
import { onCore } from "./machine.ts";

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

/** Templates for the load generator: `\t` is a TAB, `%d` the device, `%n` the round, `%t` the time. */
export const requests = {
  status: { template: "STATUS\\t01\\tdev%d\\t2026-11-22:10:10:10\\t9\\theartbeat", code: "40" },
  data: { template: "DATA\\t01\\tdev%d\\t2026-11-22:10:10:10\\t18\\tt=21.50 n=%n", code: "50" },
  /** A report of now: where an index is ordered by time, reports that all state one time would not be as real ones. */
  dataNow: { template: "DATA\\t01\\tdev%d\\t%t\\t18\\tt=21.50 n=%n", code: "50" },
} as const;

export type Request = keyof typeof requests;

export const window = 256;
export const sessions = 1_000;
/** The most rounds of one load; the next load starts beyond them, so that no datagram repeats. */
const roundsPerLoad = 100_000;

let loads = 0;

/** How a port is loaded: the first devices of the seeded ones, in turn, and how many requests are under way. */
export type Load = { readonly devices?: number; readonly window?: number };

/** Loads a port from the load's core. Every request differs from those of all other loads, if its template has %n. */
export async function load(
  port: number,
  request: Request,
  seconds: number,
  { devices = sessions, window: most = window }: Load = {},
): Promise<LoadResult> {
  const numbers = [port, seconds, most, devices, firstRoundOfLoad()].map(String);
  return generate([...numbers, requests[request].template]);
}

/** The first round of the next load. */
export function firstRoundOfLoad(): number {
  return loads++ * roundsPerLoad;
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

/**
 * Loads a server and checks its answers.
 * @throws BenchError if it answers anything but the expected ACK
 */
export async function loadServer(
  port: number,
  request: Request,
  seconds: number,
  how: Load = {},
): Promise<LoadResult> {
  const result = await load(port, request, seconds, how);
  const good = result.codes[requests[request].code] ?? 0;
  if (good !== result.received || result.strange > 0) {
    throw new BenchError(`The server refused some of the ${request}: ${JSON.stringify(result)}`);
  }
  return result;
}
