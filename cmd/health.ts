// Asks a running server how it is, again and again if the command may wait. Words nothing.

import { setTimeout as pause } from "node:timers/promises";
import { healthOn } from "../lib/io/control-calls.ts";
import { OperatingError } from "../lib/operating-error.ts";
import { type Health, isServing } from "../lib/server/health.ts";

const againMs = 250;

/**
 * How the server is, as soon as it serves, or at the end of the wait.
 * @returns null if no server answers
 */
export async function healthWithin(
  { port, waitMs }: { readonly port: number | null; readonly waitMs: number },
  path: string,
): Promise<Health | null> {
  const end = performance.now() + waitMs;
  for (;;) {
    const health = await healthOn(path, port).catch(noServer);
    const rest = end - performance.now();
    if ((health !== null && isServing(health)) || rest <= 0) return health;
    await pause(Math.min(againMs, rest));
  }
}

function noServer(error: unknown): null {
  if (error instanceof OperatingError && error.code === "server-not-running") return null;
  throw error;
}
