// A lock file for state that several processes change: held for one read and write, never longer. A lock that a crashed
// process left behind is removed.

import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { OperatingError } from "../operating-error.ts";

const pauseMs = 5;
const patienceMs = 15_000;
/** No process holds the lock this long: one that was there all the time was left behind. */
const staleMs = 10_000;

/**
 * Runs a function while holding a lock. Blocks for up to 15 s until the lock is free. How old a lock is, is measured by
 * waiting for it: the time of the file is wall time, and after a step of the clock a lock that is held would look old.
 * @param path the lock file, which is removed afterwards
 * @param run synchronous; must take much less than 10 s
 * @param pause blocks for so many ms
 * @throws OperatingError `state-locked`, `secret-unwritable`; what `run` throws
 */
export function whileLocked<T>(path: string, run: () => T, pause = block): T {
  let seen = "";
  let seenMs = 0;
  for (let waitedMs = 0; !take(path); waitedMs += pauseMs) {
    if (waitedMs >= patienceMs) {
      throw new OperatingError(
        "state-locked",
        `${path} is held by another client.`,
        "If none runs, remove the file.",
      );
    }
    const lock = identityOf(path);
    seenMs = lock === seen ? seenMs + pauseMs : 0;
    seen = lock;
    if (seenMs >= staleMs) rmSync(path, { force: true });
    pause(pauseMs);
  }
  try {
    return run();
  } finally {
    rmSync(path, { force: true });
  }
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function take(path: string): boolean {
  try {
    writeFileSync(path, randomUUID(), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") {
      throw new OperatingError(
        "secret-unwritable",
        `${path} cannot be made: ${(error as Error).message}.`,
        "Make its folder writable for this user.",
      );
    }
    return false;
  }
}

/** Tells a lock from one that was taken after it. */
function identityOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
