// Standard output, line by line: written in large pieces, and quietly given up when whoever read it went away
// (`iot-server devices | head`).

import { writeSync } from "node:fs";

const pieceChars = 65_536;

export class LineOutput {
  #waiting = "";

  /** Adds a line. */
  readonly write = (line: string): void => {
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= pieceChars) this.flush();
  };

  /** Writes what waits. Ends the process with 0 where nobody reads any more. */
  flush(): void {
    let rest = Buffer.from(this.#waiting);
    this.#waiting = "";
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(1, rest));
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === "EPIPE") process.exit(0);
        // A reader that is slower than we are, on a pipe that does not block.
        if (code !== "EAGAIN") throw error;
        Bun.sleepSync(1);
      }
    }
  }
}
