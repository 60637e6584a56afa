// Owns the bound of how many exports run at once. Exports nothing itself.

import { Problem } from "../problem.ts";

/** Each takes event-loop time from the packets. */
const exportsMax = 4;

export class ExportSlots {
  #taken = 0;

  /**
   * Takes a place for an export; returns what gives it back, once.
   * @throws Problem `too-many`
   */
  take(): () => void {
    if (this.#taken >= exportsMax) {
      const detail = `${exportsMax} exports are under way.`;
      throw new Problem("too-many", detail, { "retry-after": "10" });
    }
    this.#taken++;
    return () => this.#taken--;
  }
}
