// The status events of the last two minutes. Collected on every page, so that the small curves are there at once.

import type { StatusJson } from "../api/server-shapes.ts";

export type RateName = keyof StatusJson["rates"];

/** How many seconds are kept. */
export const historySeconds = 120;

export class StatusHistory {
  readonly #kept: StatusJson[] = [];

  get latest(): StatusJson | null {
    return this.#kept.at(-1) ?? null;
  }

  add(status: StatusJson): void {
    // Less than before: the server has restarted.
    if (status.uptimeSeconds < (this.latest?.uptimeSeconds ?? 0)) this.#kept.length = 0;
    this.#kept.push(status);
    if (this.#kept.length > historySeconds) this.#kept.shift();
  }

  /** The reports a second of all servers of the store, oldest first. */
  fleetReports(): number[] {
    return this.#kept.map(({ fleet }) => fleet.reportsPerSecond);
  }

  /** The values of a rate of this server, oldest first. */
  rates(name: RateName): number[] {
    return this.#kept.map((status) => status.rates[name]);
  }
}
