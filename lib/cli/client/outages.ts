// Tells that the server does not answer, and that it does again, once a minute at most: on a bad network a device comes and
// goes ten times a minute. An outage that lasts is always told; one that is over before its turn is only counted.

import type { AgentEvent } from "../../client/agent-event.ts";
import type { Clock } from "./connection.ts";

type Away = Extract<AgentEvent, { kind: "away" }>;
type Back = Extract<AgentEvent, { kind: "back" }>;

/** Implementation constant. */
const windowMs = 60_000;

export class Outages {
  #toldAt = -Infinity;
  #leftOut = 0;
  #cancel: (() => void) | null = null;

  /** @param tell shows an event, and how many outages were left out before it */
  constructor(
    readonly clock: Pick<Clock, "now" | "after">,
    readonly tell: (event: Away | Back, leftOut: number) => void,
  ) {}

  /** Takes an event; the two kinds alternate. */
  take(event: Away | Back): void {
    if (event.kind === "away") {
      const waitMs = this.#toldAt + windowMs - this.clock.now();
      if (waitMs <= 0) this.#tellAway(event);
      else this.#cancel = this.clock.after(waitMs, () => this.#tellAway(event));
      return;
    }
    if (this.#cancel === null) return this.tell(event, 0);
    this.close();
    this.#leftOut++;
  }

  /** Tells nothing more. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #tellAway(event: Away): void {
    this.#cancel = null;
    this.#toldAt = this.clock.now();
    this.tell(event, this.#leftOut);
    this.#leftOut = 0;
  }
}
