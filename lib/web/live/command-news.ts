// Owns which commands live events have to tell of: each as it is now, however often it changed meanwhile. Sends nothing.

import { BoundedMap } from "../../bounded-map.ts";
import type { OpenCommands } from "../../fleet/open-commands.ts";
import { toldCommand } from "../../server/commands/command-rows.ts";
import type { CommandRow } from "../../server/rows.ts";
import type { CommandJson } from "../api/command-shapes.ts";

/** How many a call takes at most. */
const perCall = 500;
/** How many wait to be told; of more, those that changed first are not. */
const waitingMax = 20_000;

export class CommandNews {
  readonly #changed = new BoundedMap<number, CommandRow>(waitingMax);
  #stopListening: (() => void) | null = null;

  constructor(private readonly commands: Pick<OpenCommands, "listen">) {}

  /** Begins or ends to listen; who listens again is told nothing from before. */
  want(isWanted: boolean): void {
    if (isWanted) {
      this.#stopListening ??= this.commands.listen((row) => this.#changed.renew(row.number, row));
      return;
    }
    this.#stopListening?.();
    this.#stopListening = null;
    this.#changed.clear();
  }

  /** Takes some of the changes, those that came first. */
  take(): CommandJson[] {
    const taken: CommandJson[] = [];
    for (const [number, row] of this.#changed) {
      if (taken.length >= perCall) break;
      this.#changed.delete(number);
      taken.push(toldCommand(row));
    }
    return taken;
  }
}
