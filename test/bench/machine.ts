// The machine that a benchmark runs on: its description, and how a process is pinned to one core. The server has one
// core, the load another; without taskset or a second core nothing is pinned, and a warning says so.

import { readFileSync, statfsSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

/** The facts without which the numbers mean nothing. */
export type Machine = {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly bun: string;
  readonly fileSystem: string;
  /** Whether server and load had a core each. */
  readonly pinned: boolean;
};

/** Which core a process gets; the echo gets the server's. */
export type Role = "server" | "load";

const coreOf: Record<Role, string> = { server: "0", load: "1" };
/** File system types of statfs(2) that are in memory. */
const memoryFileSystems: Record<number, string> = { 0x01021994: "tmpfs", 0x858458f6: "ramfs" };

const taskset = cpus().length > 1 ? Bun.which("taskset") : null;

/** Describes this machine. @param folder whose file system is described */
export function describeMachine(folder: string): Machine {
  const type = statfsSync(folder).type;
  return {
    date: new Date().toISOString(),
    cpu: cpuModel(),
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: `${process.platform} ${release()}`,
    bun: Bun.version,
    fileSystem: memoryFileSystems[type] ?? `0x${type.toString(16)}`,
    pinned: taskset !== null,
  };
}

/** What makes the numbers of this machine doubtful. */
export function warningsAbout(machine: Machine): string[] {
  const warnings: string[] = [];
  if (!machine.pinned) {
    warnings.push("Without taskset or a second core, server and load share what there is.");
  }
  if (Object.values(memoryFileSystems).includes(machine.fileSystem)) {
    warnings.push(`The database is on ${machine.fileSystem}: a commit costs nothing there.`);
  }
  return warnings;
}

/** A command that runs the given one on the core of its role. */
export function onCore(role: Role, command: readonly string[]): string[] {
  return taskset === null ? [...command] : [taskset, "-c", coreOf[role], ...command];
}

function cpuModel(): string {
  try {
    const model = /^model name\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
    if (model !== undefined) return model;
  } catch {
    // Not Linux.
  }
  return cpus()[0]?.model ?? "unknown";
}
