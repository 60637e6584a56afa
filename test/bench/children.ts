// The processes of a benchmark, so that none outlives it: the C programs, built here, and the server. Measures nothing.

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { onCore } from "./machine.ts";

/** Where everything that a benchmark makes is kept; git does not see it. */
export const buildFolder = join(import.meta.dir, ".build");
export const root = join(import.meta.dir, "../..");

const compilers = ["cc", "gcc", "clang"];
const children = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A benchmark that cannot go on, in words for the person who started it. */
export class BenchError extends Error {}

/** Remembers a process until it has ended. */
export function adopt<Child extends Bun.Subprocess>(child: Child): Child {
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return child;
}

/**
 * Builds one of the C programs beside this file, unless it is newer than its source.
 * @returns its path
 * @throws BenchError without a C compiler, or where it refuses the source
 */
export function buildC(name: "echo" | "load"): string {
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

/** Builds ./iot-server when its sources have changed. */
export function buildServer(): string {
  const built = Bun.spawnSync([process.execPath, "cmd/build.ts"], { cwd: root });
  if (built.exitCode !== 0) throw new BenchError(`The build failed:\n${built.stderr.toString()}`);
  return join(root, "iot-server");
}

/** An echo that runs. */
export type Echo = { readonly port: number; stop(): Promise<void> };

/** Starts the echo on the server's core. */
export async function startEcho(): Promise<Echo> {
  const child = adopt(
    Bun.spawn(onCore("server", [buildC("echo")]), { stdin: "ignore", stdout: "pipe" }),
  );
  const port = Number(await firstLine(child.stdout));
  if (!(port > 0)) throw new BenchError("The echo did not start.");
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The first line of a stream, or what there was before its end. */
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
