// Logs in a directory of their own, with a clock and a stderr that the test controls.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLogs, type FileLogs, type LogOptions } from "../../../lib/io/log/log-file.ts";

export const startMs = Date.UTC(2026, 10, 23, 1, 2, 3, 4);

export type LogFixture = {
  readonly directory: string;
  readonly logs: FileLogs;
  /** What was written to stderr so far. */
  stderr(): string;
  advance(ms: number): void;
  /** Sets the wall clock only. */
  setClock(byMs: number): void;
  /** The lines of a file in the directory. */
  lines(name: string): string[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** Opens logs in `directory`, or in a new one. The fixture removes the directory when it is disposed of. */
export async function openFixture(
  options: Partial<LogOptions> = {},
  prepare: (directory: string) => void = () => {},
): Promise<LogFixture> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "iot-log-"));
  prepare(directory);
  let nowMs = startMs;
  let monotonicMs = 0;
  let stderr = "";
  const logs = await openLogs({
    level: "info",
    ...options,
    directory,
    now: () => nowMs,
    monotonic: () => monotonicMs,
    stderr: (text) => void (stderr += text),
  });
  return {
    directory,
    logs,
    stderr: () => stderr,
    advance: (ms) => {
      nowMs += ms;
      monotonicMs += ms;
    },
    setClock: (byMs) => void (nowMs += byMs),
    lines: (name) => linesOf(join(directory, name)),
    async [Symbol.asyncDispose]() {
      await logs.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The lines of a file. The last one must end with a line feed. */
export function linesOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Error(`${path} ends within a line`);
  return text.slice(0, -1).split("\n");
}
