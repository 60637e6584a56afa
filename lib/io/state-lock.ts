// A lock file for state that several processes change: held for one read and write, never longer. A lock that a crashed
// process left behind is removed.

import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { OperatingError } from "../operating-error.ts";

const pauseMs = 5;
const patienceMs = 5_000;
/** No process holds the lock this long: an older lock file was left behind. */
const staleMs = 10_000;

/**
 * Runs a function while holding a lock. Blocks for up to 5 s until the lock is free.
 * @param path the lock file, which is removed afterwards
 * @param run synchronous; must take much less than 10 s
 * @throws OperatingError `state-locked`, `secret-unwritable`; what `run` throws
 */
export function whileLocked<T>(path: string, run: () => T): T {
  for (let waitedMs = 0; !take(path); waitedMs += pauseMs) {
    if (waitedMs >= patienceMs) {
      throw new OperatingError(
        "state-locked",
        `${path} is held by another client.`,
        "If none runs, remove the file.",
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
  try {
    return run();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") {
      throw new OperatingError(
        "secret-unwritable",
        `${path} cannot be made: ${(error as Error).message}.`,
        "Make its folder writable for this user.",
      );
    }
    if (isStale(path)) rmSync(path, { force: true });
    return false;
  }
}

function isStale(path: string): boolean {
  const made = statSync(path, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > staleMs;
}
