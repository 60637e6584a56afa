// The door over MQTT: how joining is opened and closed, and what is told of the door, looked at anew when it may have changed. Also
// what happened at other servers of the store is found so. Decides nothing about who may join.

import type { DoorAction, DoorNow, DoorResult } from "../server/door/door-action.ts";
import { windowMsMax, windowMsMin } from "../server/door/window-clock.ts";
import { typedDuration } from "../server/duration-text.ts";
import { noLabels } from "../server/labels.ts";
import type { ToldBridge } from "./payloads.ts";
import type { RequestPorts } from "./requests.ts";

/** Carries out an action at the door. */
export type ActAtDoor = (action: DoorAction) => Promise<DoorResult>;

/** A look at the door, which reads all that wait there, begins at most this often, ms. */
const lookEveryMs = 1_000;
/** The door is looked at this often also without a sign of a change, ms. */
const lookAtLeastEveryMs = 10_000;
/** The reckoned end of a window moves by as much without being told anew, ms. */
const untilSlackMs = 2_000;

/** What opens and closes joining for whoever may write to its topic. */
export function joinPort(act: ActAtDoor): NonNullable<RequestPorts["join"]> {
  return async (open) => {
    const forMs = open === false ? 0 : typedDuration(open);
    if (forMs === null || (open !== false && (forMs < windowMsMin || forMs > windowMsMax))) {
      return `"open" is no time from 1s to 30d, such as "5m"`;
    }
    const { kind } = await act({ what: "window", forMs, labels: noLabels });
    return kind === "storage-failed" ? "nothing was stored; error.log says why" : null;
  };
}

export class BridgedDoor {
  #known: ToldBridge["joining"] | null = null;
  /** The window that the known end belongs to. */
  #window = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #mayHaveChanged = true;
  #isLooking = false;

  constructor(
    private readonly act: ActAtDoor,
    private readonly now: () => number,
    private readonly uptimeMs: () => number,
  ) {}

  /** Knows nothing from before: the bridge may have stood by for long. */
  begin(): void {
    this.#known = null;
    this.noteChange();
  }

  /** Something has happened that may have changed the door. */
  noteChange(): void {
    this.#mayHaveChanged = true;
  }

  /** How the door is, as of the latest look; null before the first one. Looks when it is time. */
  told(): ToldBridge["joining"] | null {
    const since = this.uptimeMs() - this.#lookedAt;
    if (since >= (this.#mayHaveChanged ? lookEveryMs : lookAtLeastEveryMs)) void this.#look();
    return this.#known;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#mayHaveChanged = false;
    this.#lookedAt = this.uptimeMs();
    try {
      const found = await this.act({ what: "look" });
      if (found.kind === "door") this.#learn(found);
    } catch {
      // The server ends.
    } finally {
      this.#isLooking = false;
    }
  }

  #learn({ join, leftMs, window, pending }: DoorNow): void {
    const waiting = pending.filter(({ state }) => state === "waiting").length;
    const isWindow = leftMs > 0 && window !== null;
    const number = isWindow ? window.number : 0;
    const reckoned = isWindow ? this.now() + leftMs : null;
    const until = number === this.#window ? steadied(reckoned, this.#known?.until) : reckoned;
    this.#window = number;
    // Where everybody may register anyway, a window ends nothing.
    this.#known =
      join === "open"
        ? { open: true, until: null, pending: waiting }
        : { open: isWindow, until, pending: waiting };
  }
}

/** The end of a window as it was told, unless the clock was set: each look reckons it a bit differently. */
function steadied(reckoned: number | null, told: number | null | undefined): number | null {
  if (reckoned === null || told === null || told === undefined) return reckoned;
  return Math.abs(reckoned - told) < untilSlackMs ? told : reckoned;
}
