// The compiled server as a process: built if missing or outdated, started in a folder on a free port, read, signalled,
// ended. Knows nothing of messages.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deadlineMs, until, within } from "./polling.ts";

export const root = join(import.meta.dir, "../..");
export const serverBinary = join(root, "iot-server");
export const clientBinary = join(root, "iot-client");

buildBinaries();

export type StartOptions = {
  /** The working directory, which contains database and logs. */
  readonly folder: string;
  /** Flags after the port. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A free port by default. */
  readonly port?: number;
  /** A command prefix, such as `sh -c …`. */
  readonly runBy?: readonly string[];
};

/** Exit code and output of a process that has ended. */
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs a binary to its end. */
export async function run(
  binary: string,
  args: readonly string[],
  folder: string,
  options: { env?: Readonly<Record<string, string>>; stdin?: Blob; runBy?: readonly string[] } = {},
): Promise<Ended> {
  const child = Bun.spawn([...(options.runBy ?? []), binary, ...args], {
    cwd: folder,
    env: cleanEnv(folder, options.env),
    stdin: options.stdin ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: deadlineMs,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Starts a server and waits for its first line; tries another port if a free one was taken meanwhile. */
export async function startServer(options: StartOptions): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    const server = new ServerProcess(options, options.port ?? (await freePort()));
    const started = await within("the server's first line", server.begun);
    if (started) return server;
    const taken = options.port === undefined && server.stderr.includes("is in use");
    if (!taken || attempt === 5) {
      throw new Error(`the server ended with ${await server.exited}: ${server.stderr}`);
    }
  }
}

/** A server that is running or has ended. */
export class ServerProcess implements AsyncDisposable {
  stdout = "";
  stderr = "";
  /** Resolves to whether the server printed its first line. */
  readonly begun: Promise<boolean>;
  readonly exited: Promise<number>;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;

  constructor(
    { folder, args = [], env, runBy = [] }: StartOptions,
    readonly port: number,
  ) {
    this.#child = Bun.spawn([...runBy, serverBinary, String(port), ...args], {
      cwd: folder,
      env: cleanEnv(folder, env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const ends = [
      this.#read(this.#child.stdout, (text) => {
        this.stdout += text;
        if (this.stdout.includes("\n")) resolve(true);
      }),
      this.#read(this.#child.stderr, (text) => {
        this.stderr += text;
      }),
    ];
    this.begun = promise;
    this.exited = Promise.all([this.#child.exited, ...ends]).then(([code]) => {
      resolve(false);
      return code;
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resident memory, MB. */
  get residentMegabytes(): number {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
    } catch {
      const ps = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(this.pid)]);
      return Number(ps.stdout.toString()) / 1024;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end; returns the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.signal(signal);
    return within(`the server to end on ${signal}`, this.exited);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) take(decoder.decode(bytes, { stream: true }));
  }
}

/** Waits until a text is in the server's stderr. */
export function untilStderr(server: ServerProcess, text: string): Promise<boolean> {
  return until(`"${text}" on stderr`, () => server.stderr.includes(text));
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const udp = await Bun.udpSocket({ hostname: "::", port: 0 });
    const { port } = udp;
    try {
      const tcp = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
      tcp.stop(true);
      return port;
    } catch {
      // The dashboard needs the same number on TCP: try another one.
    } finally {
      udp.close();
    }
  }
}

/** An environment without variables that would configure a binary by accident; its home is inside the folder. */
export function cleanEnv(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const env: Record<string, string> = { NO_COLOR: "1", HOME: folder, ...more };
  for (const name of ["PATH", "TMPDIR", "LANG"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] ??= value;
  }
  return env;
}

/** Builds the binaries; fast if they are up to date. */
function buildBinaries(): void {
  const build = Bun.spawnSync([process.execPath, "cmd/build.ts"], { cwd: root });
  if (build.exitCode === 0) return;
  throw new Error(`the binaries cannot be built: ${build.stderr.toString()}`);
}
