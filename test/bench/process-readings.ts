// What the kernel says of a process: its memory and the CPU time that it has used. Changes nothing.

import { readFileSync } from "node:fs";

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

/** CPU time in the text of /proc/PID/stat, in µs. The name of the program, in parentheses, may contain anything. */
export function cpuTimeIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick;
}
