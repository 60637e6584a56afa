// Who takes turns under the text requests: the echo, the durable echo, and servers. Compares nothing.

import { join } from "node:path";
import { BenchError, startFloor } from "./children.ts";
import { type Load, load, loadServer, type Request } from "./load.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Contender } from "./turns.ts";

/** A floor, which is started for a comparison and stopped after it. */
export type FloorContender = Contender & { stop(): Promise<void> };

/** The echo in C: the most that one core answers. @param request what it gets */
export async function echoFloor(request: Request, how: Load = {}): Promise<FloorContender> {
  return floor("echo", await startFloor("echo"), request, how);
}

/**
 * The durable echo in C: the most that one core makes durable before it answers.
 * @param folder on the disk that the server has its database on
 */
export async function durableFloor(folder: string, how: Load = {}): Promise<FloorContender> {
  const floorProcess = await startFloor("durable", [join(folder, "durable-floor")]);
  return floor("durable floor", floorProcess, "data", how);
}

/** A server under text requests, which must all be acknowledged. */
export function textContender(
  name: string,
  { port, pid }: ServerProcess,
  request: Request,
  how: Load = {},
): Contender {
  return { name, pid, load: (seconds) => loadServer(port, request, seconds, how) };
}

function floor(
  name: string,
  { port, pid, stop }: Awaited<ReturnType<typeof startFloor>>,
  request: Request,
  how: Load,
): FloorContender {
  return {
    name,
    pid,
    stop,
    async load(seconds) {
      const result = await load(port, request, seconds, how);
      if (result.echoes !== result.received) throw new BenchError(`The ${name} did not echo.`);
      return result;
    },
  };
}
