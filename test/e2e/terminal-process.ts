// A binary on a terminal of its own: gets keys, and its screen is read as a person sees it. Knows nothing of messages.

import { until, within } from "./polling.ts";
import { cleanEnv } from "./server-process.ts";
import { TerminalScreen } from "./terminal-screen.ts";

export const key = {
  enter: "\r",
  backspace: "\u007f",
  interrupt: "\u0003",
  end: "\u0004",
  stop: "\u001a",
} as const;

/** ECHO and ICANON of termios, which are set while a program has not changed the terminal; Linux and macOS values. */
const cookedFlags = process.platform === "darwin" ? 0x8 | 0x100 : 0x8 | 0x2;

export type TerminalOptions = {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
};

/** A program on a terminal, running or ended. */
export class TerminalProcess implements AsyncDisposable {
  /** Everything it has written, control sequences included. */
  written = "";
  readonly screen: TerminalScreen;
  readonly #terminal: Bun.Terminal;
  readonly #child: Bun.Subprocess;

  constructor(
    binary: string,
    args: readonly string[],
    folder: string,
    { columns = 120, env = {} }: TerminalOptions = {},
  ) {
    this.screen = new TerminalScreen(columns);
    const { NO_COLOR: _, ...colourful } = cleanEnv(folder);
    const decoder = new TextDecoder();
    this.#terminal = new Bun.Terminal({
      cols: columns,
      rows: 50,
      data: (_terminal, bytes) => {
        const text = decoder.decode(bytes, { stream: true });
        this.written += text;
        this.screen.write(text);
      },
    });
    this.#child = Bun.spawn([binary, ...args], {
      cwd: folder,
      env: { ...colourful, TERM: "xterm-256color", ...env },
      terminal: this.#terminal,
    });
  }

  /** Types keys. */
  type(keys: string): void {
    this.#terminal.write(keys);
  }

  /** Types an answer once the prompt is shown. */
  async answer(prompt: string | RegExp, text: string): Promise<void> {
    await this.prompts(prompt);
    this.type(text + key.enter);
  }

  /** Waits until the line up to the cursor equals or matches `line`; returns it. */
  prompts(line: string | RegExp): Promise<string> {
    return until(`the prompt ${String(line)}`, () => {
      const { typed } = this.screen;
      return (typeof line === "string" ? typed === line : line.test(typed)) ? typed : null;
    });
  }

  /** Waits until a line on the screen contains the text; returns the line. */
  shows(text: string): Promise<string> {
    return until(`"${text}" on the screen`, () =>
      this.screen.lines.find((line) => line.includes(text)),
    );
  }

  /** Whether the terminal itself echoes and edits lines, as before the program started. */
  get isCooked(): boolean {
    return (this.#terminal.localFlags & cookedFlags) === cookedFlags;
  }

  /** Stops the program with ^Z, until the shell would have the terminal, and continues it as fg does. */
  async stopAndContinue(): Promise<void> {
    this.type(key.stop);
    await until("the terminal as the shell needs it", () => this.isCooked);
    this.signal("SIGCONT");
    await until("the terminal as the program needs it", () => !this.isCooked);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for its end; returns the exit code. */
  ended(): Promise<number> {
    return within(`the end of the program, which shows ${this.#shown()}`, this.#child.exited);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#terminal.close();
  }

  #shown(): string {
    return JSON.stringify(this.screen.lines.slice(-3));
  }
}
