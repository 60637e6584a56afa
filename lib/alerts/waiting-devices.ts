// Who waits to be let in, for the rules of it: looked at as it is when a rule is new or a server begins to lead, and again every few
// seconds, as nobody tells of a device that is forgotten, or that came to another server. Judges nothing itself.

import type { Moment } from "../server/moment.ts";
import type { Soon } from "../server/soon.ts";
import type { Judge } from "./judge.ts";

/** The door is looked at this often, ms. */
const lookEveryMs = 10_000;

/** The ids of the devices that wait; null if nobody can tell now. */
export type WaitingNow = () => Soon<readonly string[] | null>;

export class WaitingDevices {
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Those that were told of while a look is under way, which may be older. */
  #meanwhile: Set<string> | null = null;

  constructor(private readonly waitingNow: WaitingNow) {}

  /** The rules have changed, or there is another judge: the next look is at once. */
  lookSoon(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  /** A device waits from now on, or does not any more. */
  note(judge: Judge, id: string, waits: boolean, now: Moment): void {
    this.#meanwhile?.add(id);
    judge.note("device waits", id, waits, now);
  }

  async #found(): Promise<readonly string[] | null> {
    try {
      return await this.waitingNow();
    } finally {
      this.#meanwhile = null;
    }
  }

  /** Has the judge know who waits, if it is time to look. @param now both clocks */
  async look(judge: Judge, now: () => Moment): Promise<void> {
    if (now().monotonic - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = now().monotonic;
    const meanwhile = new Set<string>();
    this.#meanwhile = meanwhile;
    const found = await this.#found();
    if (found === null) return;
    const waiting = new Set(found);
    for (const id of waiting) if (!meanwhile.has(id)) judge.note("device waits", id, true, now());
    for (const id of toldOf(judge)) {
      if (!waiting.has(id) && !meanwhile.has(id)) judge.note("device waits", id, false, now());
    }
  }
}

/** The devices of which it is told that they wait. */
function toldOf({ alerts }: Judge): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { alert, rule } of alerts) {
    if (rule.condition.kind === "device waits") ids.add(alert.device);
  }
  return ids;
}
