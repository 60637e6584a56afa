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
  let sum = 0;
  for (const name of readdirSync("/proc")) {
    try {
      const fields = fieldsOf(readFileSync(`/proc/${Number(name)}/stat`, "utf8"));
      // Of those that have ended, their parent has the time.
      if (Number(name) === pid) sum += timeOf(fields.slice(11, 15));
      else if (Number(fields[1]) === pid) sum += timeOf(fields.slice(11, 13));
    } catch {
      // No process, or one that has just ended.
    }
  }
  return sum;
}

/** The fields after the name of the program, which is in parentheses and may contain anything. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function timeOf(ticks: readonly string[]): number {
  return ticks.reduce((sum, text) => sum + Number(text), 0) * microsecondsPerTick;
}
