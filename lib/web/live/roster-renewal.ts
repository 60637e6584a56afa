// Owns when the roster is read again: what other servers of the store change is told, but that may get lost, and behind a pooler
// nobody tells it. A step at a time, while a browser listens. Changes nothing itself.

import type { WebPorts } from "../ports.ts";
import type { Roster } from "../../fleet/roster.ts";

/** How long after the begin of a pass the next one begins, ms. */
const passMs = 10_000;

export class RosterRenewal {
  #after = "";
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly ports: Pick<WebPorts, "elsewhere" | "uptimeMs">,
    private readonly roster: Pick<Roster, "renewAfter">,
  ) {}

  /** Reads the next devices, if a pass is due. Call it again when it has answered. */
  async step(): Promise<void> {
    if (this.ports.elsewhere === null) return;
    const now = this.ports.uptimeMs();
    if (this.#after === "") {
      if (now - this.#begunAt < passMs) return;
      this.#begunAt = now;
    }
    this.#after = (await this.roster.renewAfter(this.#after)) ?? "";
  }
}
