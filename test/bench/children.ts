// The processes of a benchmark: the C programs, which are built here, and the server. Ends all of them with the
// benchmark. Measures nothing.

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { onCore } from "./machine.ts";

/** The folder for everything that a benchmark creates; ignored by git. */
export const buildFolder = join(import.meta.dir, ".build");
export const root = join(import.meta.dir, "../..");

const compilers = ["cc", "gcc", "clang"];
const children = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** An error that ends the benchmark, with a message for the person who started it. */
export class BenchError extends Error {}

/** Registers a child process, so that it is killed if the benchmark exits before it. */
export function adopt<Child extends Bun.Subprocess>(child: Child): Child {
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return child;
}

/** The C programs beside this file. */
export const programs = ["echo", "durable", "load", "peer-load"] as const;

/**
 * Builds one of the C programs, unless it is newer than its source.
 * @returns the path of the program
 * @throws BenchError without a C compiler, or if the compiler fails
 */
export function buildC(name: (typeof programs)[number]): string {
  const source = join(import.meta.dir, `${name}.c`);
  const program = join(buildFolder, name);
  if (changedAt(program) > changedAt(source)) return program;
  const compiler = compilers.find((one) => Bun.which(one) !== null);
  if (compiler === undefined) {
    throw new BenchError(
      "There is no C compiler (cc, gcc, clang). Install one, for example: apt-get install gcc",
    );
  }
  mkdirSync(buildFolder, { recursive: true });
  const built = Bun.spawnSync([compiler, "-O2", "-Wall", "-o", program, source]);
  if (built.exitCode !== 0) {
    throw new BenchError(
      `${compiler} refused ${name}.c, which needs Linux (recvmmsg):\n${built.stderr.toString()}`,
    );
  }
  return program;
}

/** Builds ./iot-server and ./iot-client if their sources have changed; returns their paths. */
export function buildBinaries(): { server: string; client: string } {
  const built = Bun.spawnSync([process.execPath, "cmd/build.ts"], { cwd: root });
  if (built.exitCode !== 0) throw new BenchError(`The build failed:\n${built.stderr.toString()}`);
  return { server: join(root, "iot-server"), client: join(root, "iot-client") };
}

/** A running echo, durable or not. */
export type Floor = { readonly port: number; readonly pid: number; stop(): Promise<void> };

/**
 * Starts an echo on the server's core.
 * @param name `echo`, or `durable`, whose file takes every datagram first
 * @param words its arguments
 */
export async function startFloor(
  name: "echo" | "durable",
  words: readonly string[] = [],
): Promise<Floor> {
  const command = onCore("server", [buildC(name), ...words]);
  const child = adopt(Bun.spawn(command, { stdin: "ignore", stdout: "pipe" }));
  const port = Number(await firstLine(child.stdout));
  if (!(port > 0)) throw new BenchError(`${name} did not start.`);
  let isStopped = false;
  void child.exited.then(() => {
    if (!isStopped) console.error(`${name} ended: ${child.signalCode ?? child.exitCode}`);
  });
  return {
    port,
    pid: child.pid,
    async stop() {
      isStopped = true;
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The first line of a stream, or everything before its end. */
export async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text.split("\n", 1)[0] as string;
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
