// Standard output by lines, written in large pieces. Ends the process without an error if the reader closed the pipe
// (`iot-server devices | head`).

import { writeSync } from "node:fs";

const pieceChars = 65_536;

export class LineOutput {
  #waiting = "";

  /** Adds a line, without its end. */
  readonly write = (line: string): void => {
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= pieceChars) this.flush();
  };

  /** Writes what is buffered. Ends the process with exit code 0 if the reader has closed the pipe. */
  flush(): void {
    let rest = Buffer.from(this.#waiting);
    this.#waiting = "";
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(1, rest));
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === "EPIPE") process.exit(0);
        // A non-blocking pipe that is full, because the reader is slower.
        if (code !== "EAGAIN") throw error;
        Bun.sleepSync(1);
      }
    }
  }
}
