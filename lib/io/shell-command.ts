// Runs a command that the operator configured, with limits of time and output. Passes what a peer sent only in
// environment variables, never as a part of the command line.

/** What a command printed, or why it failed. */
export type CommandResult =
  | { readonly ok: true; readonly output: string }
  /** `output`: what it printed, if it was given an input. */
  | { readonly ok: false; readonly reason: string; readonly output?: string };

/**
 * Runs a command line with the system's shell. Its standard error is that of this process; `IOT_PASSWORD` is removed
 * from its environment.
 * @param commandLine as the operator wrote it
 * @param variables added to the environment
 * @param timeoutMs after this time the command is killed, with all processes that it started
 * @param outputBytesMax the most bytes of its output that are kept, without a character that they end within; if there
 *   are more, it is killed and counts as done
 * @param signal kills it as the end of the time does
 * @param input its standard input; null for none
 */
export async function runShellCommand(
  commandLine: string,
  variables: Readonly<Record<string, string>>,
  timeoutMs: number,
  outputBytesMax: number,
  signal: AbortSignal,
  input: string | null = null,
): Promise<CommandResult> {
  const shell = process.platform === "win32" ? ["cmd", "/d", "/c"] : ["/bin/sh", "-c"];
  const child = Bun.spawn([...shell, commandLine], {
    env: { ...withoutPassword(process.env), ...variables },
    stdin: input === null ? "ignore" : Buffer.from(input),
    stdout: "pipe",
    stderr: "inherit",
    // Its own process group, so that the processes that it started are killed with it.
    detached: process.platform !== "win32",
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child);
  }, timeoutMs);
  const abort = () => killGroup(child);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    const { output, full } = await readOutput(child.stdout, outputBytesMax);
    if (full) killGroup(child);
    const exit = await child.exited;
    if (signal.aborted) return { ok: false, reason: "is not waited for" };
    const printed = input === null ? {} : { output };
    if (timedOut) return { ok: false, reason: `took longer than ${timeoutMs} ms`, ...printed };
    if (exit !== 0 && !full)
      return { ok: false, reason: `ended with exit code ${exit}`, ...printed };
    return { ok: true, output };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function readOutput(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<{ output: string; full: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) break;
  }
  const full = bytes > bytesMax;
  // Of a character at the cut only a part may be left: with `stream` the decoder leaves it out.
  const kept = Buffer.concat(chunks).subarray(0, bytesMax);
  return { output: new TextDecoder().decode(kept, { stream: full }), full };
}

function killGroup(child: Bun.Subprocess): void {
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has already ended.
  }
}

function withoutPassword(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { IOT_PASSWORD: _, ...rest } = env;
  return rest;
}
