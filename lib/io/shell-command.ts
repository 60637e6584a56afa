// Runs the commands a person configured, bounded in time and output. What a peer sent reaches them in environment
// variables only, never as a part of the command line.

/** What a command printed, or why that does not count. */
export type CommandResult =
  { readonly ok: true; readonly output: string } | { readonly ok: false; readonly reason: string };

/**
 * Runs a command line by the system's shell; its standard error goes to ours.
 * @param commandLine as the person wrote it
 * @param variables added to the environment
 * @param timeoutMs after which it is killed, with all it started
 * @param outputBytesMax what is kept of its output; the rest is not waited for
 */
export async function runShellCommand(
  commandLine: string,
  variables: Readonly<Record<string, string>>,
  timeoutMs: number,
  outputBytesMax: number,
): Promise<CommandResult> {
  const shell = process.platform === "win32" ? ["cmd", "/d", "/c"] : ["/bin/sh", "-c"];
  const child = Bun.spawn([...shell, commandLine], {
    env: { ...withoutPassword(process.env), ...variables },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    // A group of its own, so that what it started ends with it.
    detached: process.platform !== "win32",
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child);
  }, timeoutMs);
  try {
    const { output, full } = await readOutput(child.stdout, outputBytesMax);
    if (full) killGroup(child);
    const exit = await child.exited;
    if (timedOut) return { ok: false, reason: `took longer than ${timeoutMs} ms` };
    if (exit !== 0 && !full) return { ok: false, reason: `ended with exit code ${exit}` };
    return { ok: true, output };
  } finally {
    clearTimeout(timer);
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
  const output = Buffer.concat(chunks).subarray(0, bytesMax).toString();
  return { output, full: bytes > bytesMax };
}

function killGroup(child: Bun.Subprocess): void {
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function withoutPassword(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { IOT_PASSWORD: _, ...rest } = env;
  return rest;
}
