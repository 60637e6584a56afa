// Knows how the process was started with regard to SIGHUP, the signal of a terminal that closes. Handles no signal.

import { readFileSync } from "node:fs";

/**
 * Whether SIGHUP was ignored when the process started, as `nohup` does: then a terminal that closes must not end it, and
 * a handler of its own would. Known on Linux only; false elsewhere.
 */
export function isHangupIgnored(): boolean {
  try {
    const [, mask = "0"] =
      /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
