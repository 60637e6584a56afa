// The compiled client as a running process: gets lines, is read, signalled and ended. Knows nothing of messages.

import { until, within } from "./polling.ts";
import { clientBinary, cleanEnv } from "./server-process.ts";

/** A client that is running or has ended. */
export class ClientProcess implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #exited: Promise<number>;

  /** @param runBy a command prefix, such as `sh -c …` */
  constructor(
    folder: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    runBy: readonly string[] = [],
  ) {
    this.#child = Bun.spawn([...runBy, clientBinary, ...args], {
      cwd: folder,
      env: cleanEnv(folder, env),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    const ends = [
      this.#read(this.#child.stdout, (text) => {
        this.stdout += text;
      }),
      this.#read(this.#child.stderr, (text) => {
        this.stderr += text;
      }),
    ];
    this.#exited = Promise.all([this.#child.exited, ...ends]).then(([code]) => code);
  }

  /** Writes a line to its standard input. */
  line(text: string): void {
    void this.#child.stdin.write(`${text}\n`);
    void this.#child.stdin.flush();
  }

  /** Waits until a text is on its standard output or standard error. */
  says(text: string, withinMs?: number): Promise<boolean> {
    const isSaid = () => this.stdout.includes(text) || this.stderr.includes(text);
    return until(`"${text}" of the client`, isSaid, withinMs);
  }

  /** Waits for its end; returns the exit code. */
  ended(): Promise<number> {
    return within("the client to end", this.#exited, 40_000);
  }

  /** Sends a signal and waits for the end; returns the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.#child.kill(signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) take(decoder.decode(bytes, { stream: true }));
  }
}
