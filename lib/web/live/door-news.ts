// Owns what the live events have told of the door: looks at it, and says what is new. Also what happened at other servers of the
// store is found so. Never changes anything.

import type { LiveEvents } from "../api/shapes.ts";
import type { WebPorts } from "../ports.ts";

export class DoorNews {
  #told = "";

  constructor(private readonly ports: Pick<WebPorts, "door">) {}

  /** Who comes next is told how the door is, also if nothing has changed. */
  begin(): void {
    this.#told = "";
  }

  /** How the door is, if that is new; null if it is not, or if the store does not answer. */
  async next(): Promise<LiveEvents["pending"] | null> {
    const door = await this.ports.door.act({ what: "look" });
    if (door.kind !== "door") return null;
    const { pending, window, leftMs } = door;
    const waiting = pending.filter(({ state }) => state === "waiting").length;
    const open = leftMs > 0;
    // The time that is left changes by itself.
    const rows = pending.map(({ id, firstSeen, state }) => [id, firstSeen, state]);
    const told = JSON.stringify([rows, open, open ? window?.number : null]);
    if (told === this.#told) return null;
    this.#told = told;
    return { waiting, open, secondsLeft: open ? Math.ceil(leftMs / 1000) : 0 };
  }
}
