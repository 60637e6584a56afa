// What the kernel says of a process: its memory and the CPU time that it has used. Changes nothing.

import { readdirSync, readFileSync } from "node:fs";

/** /proc counts CPU time in hundredths of a second, whatever the kernel's own tick. */
const microsecondsPerTick = 10_000;

/** Resident memory of a process, now (VmRSS) or at most so far (VmHWM), in bytes. */
export function memoryOf(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
}

/** CPU time of all threads of a process so far, user and system, in µs. */
export function cpuTimeOf(pid: number): number {
  return cpuTimeIn(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** CPU time in the text of /proc/PID/stat, in µs. */
export function cpuTimeIn(stat: string): number {
  return timeOf(fieldsOf(stat).slice(11, 13));
}

/** CPU time of a process and all its children so far, in µs. */
export function cpuTimeOfFamily(pid: number): number {
  const pids = (family: ReturnType<typeof childrenOf>) => family.map((child) => child.pid).join();
  for (;;) {
    const before = childrenOf(pid);
    const ended = withEnded(pid);
    const children = childrenOf(pid);
    // A child that ends meanwhile would count twice, or not at all.
    if (pids(before) === pids(children)) {
      return children.reduce((sum, { time }) => sum + time, ended);
    }
  }
}

/** The CPU time of a process and of its children that have ended and been waited for, in µs. */
function withEnded(pid: number): number {
  return timeOf(fieldsOf(readFileSync(`/proc/${pid}/stat`, "utf8")).slice(11, 15));
}

function childrenOf(parent: number): { readonly pid: number; readonly time: number }[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      const fields = fieldsOf(readFileSync(`/proc/${Number(name)}/stat`, "utf8"));
      if (Number(fields[1]) !== parent) return [];
      return [{ pid: Number(name), time: timeOf(fields.slice(11, 13)) }];
    } catch {
      // No process, or one that has just ended.
      return [];
    }
  });
}

/** The fields after the name of the program, which is in parentheses and may contain anything. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function timeOf(ticks: readonly string[]): number {
  return ticks.reduce((sum, text) => sum + Number(text), 0) * microsecondsPerTick;
}
