// Finds ids that two devices use: their sessions replace each other in turn, from two owners. Refuses nothing: the
// sessions are legitimate, but the operator has to know.

import { BoundedMap } from "../../bounded-map.ts";

/** Implementation constants; agents that share an id log in again every ten minutes at least. */
const windowMs = 900_000;
const idsMax = 10_000;
/** Replacements in turn, A by B, B by A, A by B: a device that moves to another address and back makes two. */
const turnsMin = 3;

type Contest = { readonly rival: string; readonly at: number; readonly turns: number };

export class Contests {
  readonly #byId = new BoundedMap<string, Contest>(idsMax);

  /**
   * Notes that a session replaces another one of the id.
   * @param before the owner of the session that ends
   * @param after the owner of the session that begins
   * @param uptimeMs monotonic time, ms
   * @returns whether two devices seem to use the id
   */
  note(id: string, before: string, after: string, uptimeMs: number): boolean {
    if (before === after) return false;
    const contest = this.#byId.get(id);
    const isInTurn = contest?.rival === after && uptimeMs - contest.at <= windowMs;
    const turns = isInTurn ? contest.turns + 1 : 1;
    this.#byId.renew(id, { rival: before, at: uptimeMs, turns });
    return turns >= turnsMin;
  }

  /** The ids that two devices seem to use now. */
  ids(uptimeMs: number): string[] {
    const contests = [...this.#byId].filter(
      ([, { at, turns }]) => turns >= turnsMin && uptimeMs - at <= windowMs,
    );
    return contests.map(([id]) => id);
  }
}
