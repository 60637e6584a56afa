// How the latest command of each device ended, for the rules of commands that fail: heard at every server, as long as a rule stands, and
// kept for a while, so that a server which begins to lead knows what has ended while none did. Of several servers of a store it also looks
// at the latest ends, as nobody tells of a command that was queued and has ended at another one within a moment. Judges nothing.

import { BoundedMap } from "../bounded-map.ts";
import type { CommandRow } from "../server/rows.ts";
import type { Soon } from "../server/soon.ts";

/** The ends of so many devices are kept, for this long, ms: another server leads much sooner. */
const keptMax = 1_000;
const keptMs = 120_000;
/** The latest ends are looked at this often, ms; and how many. */
const lookEveryMs = 10_000;
const lookedAtMax = 500;

/** The commands, also those of other servers. */
export type HeardCommands = {
  /** Before it, what becomes of commands at other servers is not heard. */
  load(): Promise<void>;
  /** Calls back with each command that has changed; returns what ends that. */
  listen(onChange: (command: Pick<CommandRow, "device" | "end">) => void): () => void;
  /** The ended ones with the highest numbers, the highest first; null if no other server can have ended one. */
  readonly latestEnded: ((limit: number) => Soon<readonly EndedCommand[]>) | null;
};

type EndedCommand = Pick<CommandRow, "number" | "device" | "end" | "ended">;

export class CommandEnds {
  readonly #kept = new BoundedMap<string, { readonly isFailed: boolean; readonly at: number }>(
    keptMax,
  );
  readonly close: () => void;
  /** The numbers of the latest look; null before the first one, which tells of nothing. */
  #seen: ReadonlySet<number> | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Devices that were told of while a look is under way, which may be older. */
  #meanwhile: Set<string> | null = null;

  /**
   * @param isNeeded whether a rule stands, or may stand
   * @param onEnd called with a device and whether its command has failed
   * @param uptimeMs the monotonic clock
   */
  constructor(
    private readonly commands: HeardCommands,
    isNeeded: () => boolean,
    private readonly onEnd: (device: string, isFailed: boolean) => void,
    private readonly uptimeMs: () => number,
  ) {
    this.close = commands.listen(({ device, end }) => {
      if (!isNeeded()) return this.forget();
      this.#meanwhile?.add(device);
      this.#take(device, end);
    });
  }

  /** No rule stands. */
  forget(): void {
    this.#kept.clear();
    this.#seen = null;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  /** A rule stands: hears what other servers do, and looks at the latest ends, if it is time to. @throws what the store throws */
  async look(): Promise<void> {
    const { latestEnded } = this.commands;
    if (latestEnded === null || this.uptimeMs() - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = this.uptimeMs();
    await this.commands.load();
    const meanwhile = new Set<string>();
    this.#meanwhile = meanwhile;
    let rows: readonly EndedCommand[];
    try {
      rows = await latestEnded(lookedAtMax);
    } finally {
      this.#meanwhile = null;
    }
    const seen = this.#seen;
    this.#seen = new Set(rows.map(({ number }) => number));
    if (seen === null) return;
    const isNew = ({ number, device }: EndedCommand) => !seen.has(number) && !meanwhile.has(device);
    const latest = new Map<string, EndedCommand>();
    for (const row of rows.filter(isNew)) {
      if (row.end === "cancelled") continue;
      const known = latest.get(row.device);
      if (known === undefined || (known.ended ?? 0) < (row.ended ?? 0)) latest.set(row.device, row);
    }
    for (const [device, { end }] of latest) this.#take(device, end);
  }

  #take(device: string, end: CommandRow["end"]): void {
    // One that was cancelled says nothing of its device.
    if (end === null || end === "cancelled") return;
    const isFailed = end !== "done";
    this.#kept.renew(device, { isFailed, at: this.uptimeMs() });
    this.onEnd(device, isFailed);
  }

  /** Tells again how commands have ended a short time ago. */
  tellAgain(): void {
    const since = this.uptimeMs() - keptMs;
    for (const [device, { isFailed, at }] of this.#kept) {
      if (at >= since) this.onEnd(device, isFailed);
    }
  }
}
