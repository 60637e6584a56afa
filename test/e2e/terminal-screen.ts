// What a person sees of a program's output: lines of text, with the few control sequences that a line editor uses.
// Neither colours nor scrolling: every line that was written stays.

/** A screen of any height. */
export class TerminalScreen {
  #lines: string[] = [""];
  #row = 0;
  #column = 0;
  #pending = "";

  constructor(readonly columns: number) {}

  /** All lines, without trailing blanks. */
  get lines(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  /** The line with the cursor, up to the cursor. */
  get typed(): string {
    return (this.#lines[this.#row] as string).slice(0, this.#column);
  }

  /** Processes output; a control sequence may be split between two calls. */
  write(text: string): void {
    let rest = this.#pending + text;
    this.#pending = "";
    while (rest !== "") {
      // oxlint-disable-next-line no-control-regex -- control characters are what this reads
      const sequence = /^\u001b\[([0-9;?]*)([A-Za-z])/.exec(rest);
      if (sequence === null && rest.startsWith("\u001b") && /^.\[?[0-9;?]*$/s.test(rest)) {
        this.#pending = rest;
        return;
      }
      if (sequence === null) this.#put(rest[0] as string);
      else this.#control(sequence[2] as string, sequence[1] as string);
      rest = rest.slice(sequence?.[0].length ?? 1);
    }
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#moveDown();
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character >= " ") {
      if (this.#column >= this.columns) {
        this.#moveDown();
        this.#column = 0;
      }
      const line = (this.#lines[this.#row] as string).padEnd(this.#column);
      this.#lines[this.#row] =
        line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  #moveDown(): void {
    this.#row++;
    this.#lines[this.#row] ??= "";
  }

  #control(letter: string, numbers: string): void {
    const line = this.#lines[this.#row] as string;
    const count = Number(numbers) || 1;
    switch (letter) {
      case "G":
        this.#column = count - 1;
        return;
      case "C":
        this.#column += count;
        return;
      case "D":
        this.#column = Math.max(0, this.#column - count);
        return;
      case "A":
        this.#row = Math.max(0, this.#row - count);
        return;
      case "K":
      case "J":
        this.#lines[this.#row] = line.slice(0, this.#column);
        if (letter === "J") this.#lines.length = this.#row + 1;
        return;
      case "m":
      case "h":
      case "l":
        return;
      default:
        throw new Error(`the screen does not know ESC [ ${numbers} ${letter}`);
    }
  }
}
