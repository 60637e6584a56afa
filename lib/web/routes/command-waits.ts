// Owns the requests that wait for the end of a command, of which there are not many at once. Reads nothing.

import type { OpenCommands } from "../../fleet/open-commands.ts";
import type { CommandRow } from "../../server/rows.ts";
import { Problem } from "../problem.ts";

/** How many requests may wait at once. */
export const waitsMax = 128;

/** One that waits. It begins before the command is read, so that no end is missed. */
export type CommandWait = {
  /** Resolves to the command when it has ended, or to null when the time is over or nobody wants to know any more. */
  readonly over: Promise<CommandRow | null>;
  end(): void;
};

export class CommandWaits {
  readonly #ends = new Map<number, Set<(row: CommandRow | null) => void>>();
  readonly #stopListening: () => void;
  #size = 0;

  constructor(commands: Pick<OpenCommands, "listen">) {
    this.#stopListening = commands.listen((row) => {
      if (row.ended !== null) for (const end of this.#ends.get(row.number) ?? []) end(row);
    });
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Begins to wait.
   * @param signal aborted when whoever asks has gone
   * @throws Problem `busy`
   */
  begin(number: number, ms: number, signal: AbortSignal): CommandWait {
    if (this.#size >= waitsMax) {
      const words = `${waitsMax} requests wait for commands already.`;
      throw new Problem("busy", words, { "retry-after": "5" });
    }
    this.#size++;
    const { promise: over, resolve } = Promise.withResolvers<CommandRow | null>();
    const own = this.#ends.get(number) ?? new Set();
    const end = (row: CommandRow | null) => {
      resolve(row);
      if (!own.delete(end)) return;
      this.#size--;
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
      if (own.size === 0) this.#ends.delete(number);
    };
    const gone = () => end(null);
    const timer = setTimeout(gone, ms);
    this.#ends.set(number, own.add(end));
    signal.addEventListener("abort", gone);
    if (signal.aborted) gone();
    return { over, end: gone };
  }

  /** Ends all. */
  close(): void {
    this.#stopListening();
    for (const ends of this.#ends.values()) for (const end of ends) end(null);
  }
}
