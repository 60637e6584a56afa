// Standard input and output, for a person or a pipe: lines in, answers and notices out. On a terminal it prompts, hides
// passwords and keeps notices off the line being typed. With a pipe, standard output never gets anything but answers.

import { fstatSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { isatty } from "node:tty";
import { OperatingError } from "../../operating-error.ts";

/** Lines in, lines out. */
export type Terminal = {
  /** Whether a person types. */
  readonly interactive: boolean;
  /**
   * Reads one line.
   * @param prompt shown on a terminal only
   * @param secret whether the typed text stays hidden
   * @returns the line, or null at the end of input
   * @throws OperatingError `input-unreadable` after the lines that could be read
   */
  ask(prompt: string, secret?: boolean): Promise<string | null>;
  /**
   * Takes lines that were read already, without waiting; none if a person types.
   * @param most how many
   */
  takeRead(most: number): string[];
  /** Lines that were read and not taken, and whether no other will come. */
  readonly ahead: { readonly lines: number; readonly isAll: boolean };
  /** The size of the file that the input is, in bytes; null for a pipe or a terminal. */
  readonly inputBytes: number | null;
  /** Prints an answer to standard output. */
  print(line: string): void;
  /** Prints a line for a person only, such as the menu; nothing if the input is not a terminal. */
  show(line: string): void;
  /** Prints an unsolicited line: above the prompt on a terminal, else to standard error. */
  notice(line: string): void;
  /** Releases the terminal; a pending and every later `ask` gets the end of input. */
  close(): void;
};

/** Lines that are read ahead; beyond that, reading pauses after the piece at hand and the pipe gets backpressure. */
const linesAheadMax = 1_000;
const eraseBelow = "\r\u001b[J";

/**
 * Opens the standard input and output of the process.
 * @param write writes a line to standard output if that is no terminal
 * @param onInterrupt called at ^C on a terminal; the end of input follows
 * @throws OperatingError `input-unreadable` if standard input is a directory
 */
export function openTerminal(
  write: (line: string) => void,
  onInterrupt: () => void = () => {},
): Terminal {
  const { stdout, stderr } = process;
  try {
    return new StandardTerminal(process.stdin, stdout, stderr, write, onInterrupt);
  } catch (error) {
    if ((error as { syscall?: string }).syscall === undefined) throw error;
    throw unreadable(error);
  }
}

function unreadable(error: unknown): OperatingError {
  const { code } = error as { code?: string };
  return new OperatingError(
    "input-unreadable",
    `Standard input cannot be read (${code ?? String(error)}).`,
    "Give a file, a pipe or a terminal; </dev/null for no input.",
  );
}

class StandardTerminal implements Terminal {
  readonly interactive: boolean;
  #lines: string[] = [];
  #ended = false;
  #failure: OperatingError | null = null;
  #asker: PromiseWithResolvers<string | null> | null = null;
  #prompt = "";
  #secret = false;
  #screen: NodeJS.WriteStream;
  #readline: Interface;

  constructor(
    input: NodeJS.ReadStream,
    readonly out: NodeJS.WriteStream,
    readonly err: NodeJS.WriteStream,
    readonly write: (line: string) => void,
    onInterrupt: () => void,
  ) {
    this.interactive = isatty(0);
    this.#screen = out.isTTY ? out : err;
    this.#readline = createInterface({
      input,
      terminal: this.interactive,
      historySize: 0,
      ...(this.interactive ? { output: this.#echo() } : {}),
    });
    this.#readline.on("line", (line) => this.#take(line));
    this.#readline.on("close", () => this.#end());
    this.#readline.on("error", (error: unknown) => {
      this.#failure = unreadable(error);
      this.#asker?.reject(this.#failure);
      this.#asker = null;
    });
    // After ^Z and fg: readline paused its input when the process was stopped.
    this.#readline.on("SIGCONT", () => {
      this.#readline.resume();
      if (this.#asker === null) return;
      if (this.#secret) this.#screen.write(eraseBelow);
      this.#showPrompt();
    });
    this.#readline.on("SIGINT", () => {
      onInterrupt();
      this.close();
    });
  }

  ask(prompt: string, secret = false): Promise<string | null> {
    const line = this.#lines.shift();
    this.#readOn();
    if (line !== undefined) {
      // The line was typed before the prompt, without echo: show it now, unless it is a secret.
      if (this.interactive) this.#screen.write(`${prompt}${secret ? "" : line}\n`);
      return Promise.resolve(line);
    }
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(null);
    this.#prompt = prompt;
    this.#secret = secret;
    this.#asker = Promise.withResolvers();
    if (this.interactive) this.#showPrompt();
    return this.#asker.promise;
  }

  takeRead(most: number): string[] {
    if (this.interactive) return [];
    const lines = this.#lines.splice(0, most);
    this.#readOn();
    return lines;
  }

  get ahead(): Terminal["ahead"] {
    return { lines: this.#lines.length, isAll: this.#ended };
  }

  get inputBytes(): number | null {
    const input = fstatSync(0);
    return input.isFile() ? input.size : null;
  }

  print(line: string): void {
    this.#above(this.out.isTTY ? linesTo(this.out) : this.write, line);
  }

  show(line: string): void {
    if (this.interactive) this.#above(linesTo(this.#screen), line);
  }

  notice(line: string): void {
    this.#above(linesTo(this.interactive ? this.#screen : this.err), line);
  }

  close(): void {
    this.#readline.close();
    this.#end();
  }

  #readOn(): void {
    if (this.#lines.length === 0 && !this.#ended) this.#readline.resume();
  }

  /** Writes a line above the prompt: erases the prompt, writes the line, then shows prompt and typed text again. */
  #above(write: (line: string) => void, line: string): void {
    const prompting = this.interactive && this.#asker !== null;
    if (prompting) this.#erasePrompt();
    write(line);
    if (prompting) this.#showPrompt();
  }

  /** Erases the prompt and the typed text, which may take several rows. */
  #erasePrompt(): void {
    const rows = this.#secret ? 0 : this.#readline.getCursorPos().rows;
    this.#screen.write(`${rows > 0 ? `\u001b[${rows}A` : ""}${eraseBelow}`);
  }

  /** Shows the prompt and the text typed so far; for a secret the prompt only. */
  #showPrompt(): void {
    if (this.#secret) {
      this.#screen.write(this.#prompt);
      return;
    }
    this.#readline.setPrompt(this.#prompt);
    this.#readline.prompt(true);
  }

  #take(line: string): void {
    if (this.#secret) this.#screen.write("\n");
    this.#secret = false;
    const asker = this.#asker;
    this.#asker = null;
    if (asker !== null) return asker.resolve(line);
    this.#lines.push(line);
    if (this.#lines.length >= linesAheadMax) this.#readline.pause();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.interactive && this.#asker !== null) this.#screen.write("\n");
    this.#asker?.resolve(null);
    this.#asker = null;
  }

  /** The output stream given to readline. It drops the echo while a secret is typed and while no line is asked for. */
  #echo(): Writable {
    const echo = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => {
        if (this.#asker !== null && !this.#secret) this.#screen.write(chunk);
        done();
      },
    });
    const screen = this.#screen;
    return Object.defineProperties(echo, {
      isTTY: { value: true },
      columns: { get: () => screen.columns },
    });
  }
}

function linesTo(stream: NodeJS.WriteStream): (line: string) => void {
  return (line) => void stream.write(`${line}\n`);
}
