// Owns when devices of other servers were heard last: while a browser listens, it goes through their sessions in the store, some
// in each call, and keeps those that have changed until they are told. Sends nothing.

import type { NodeList } from "../node-list.ts";
import type { WebPorts } from "../ports.ts";
import type { Roster } from "../../fleet/roster.ts";

/** A server writes down every ten seconds which of its devices it has heard. */
const roundMs = 10_000;
/** How many sessions one call examines at most. */
const looksPerCall = 10_000;
/** After such a pause all sessions are news, ms: a mark is good for some thousand million transactions. */
const markMsMax = 600_000;

/** How far a round has come: at the devices after an id, of the first of these servers. */
type Round = { readonly nodes: string[]; after: string };

export class HeardElsewhere {
  #round: Round | null = null;
  #begunAt = Number.NEGATIVE_INFINITY;
  /** When the latest call was, by the monotonic clock, ms. */
  #at = Number.NEGATIVE_INFINITY;
  /** By the name of a server: where what was written since its round began is told from what was written before. */
  readonly #marks = new Map<string, string>();
  readonly #nextMarks = new Map<string, string>();
  /** The ids of devices that were heard, which was not told. */
  readonly #due = new Set<string>();

  constructor(
    private readonly ports: Pick<WebPorts, "elsewhere" | "node" | "uptimeMs">,
    private readonly nodes: Pick<NodeList, "read">,
    private readonly roster: Pick<Roster, "hear" | "get" | "lastSeen">,
  ) {}

  /** Examines the next sessions, if a round is due. Call it again when it has answered. @throws what the store throws */
  async look(): Promise<void> {
    const { elsewhere } = this.ports;
    if (elsewhere === null) return;
    const round = this.#round ?? (await this.#begin());
    const [node] = round?.nodes ?? [];
    if (round === null || node === undefined) return;
    const since = this.#marks.get(node) ?? null;
    const found = await elsewhere.heard({ node, after: round.after, since, limit: looksPerCall });
    for (const [id, session, lastSeen] of found.sessions) {
      if (this.roster.hear(id, session, lastSeen, since !== null)) this.#due.add(id);
    }
    if (round.after === "") this.#nextMarks.set(node, found.mark);
    if (found.last !== null) round.after = found.last;
    else this.#end(round, node);
  }

  /**
   * Takes what is to be told.
   * @param most how many at most; the others stay
   * @returns when each device was heard, ms since 1970
   */
  take(most: number): [id: string, ms: number][] {
    const heard: [string, number][] = [];
    for (const id of this.#due) {
      if (heard.length >= most) break;
      this.#due.delete(id);
      // One that has ended meanwhile has no news: an event that tells its end may have been sent already.
      const entry = this.roster.get(id);
      const lastSeen = entry?.ended === null ? this.roster.lastSeen(entry) : null;
      if (lastSeen !== null) heard.push([id, lastSeen]);
    }
    return heard;
  }

  async #begin(): Promise<Round | null> {
    const now = this.ports.uptimeMs();
    if (now - this.#begunAt < roundMs) return null;
    if (now - this.#at > markMsMax) this.#marks.clear();
    this.#at = now;
    this.#begunAt = now;
    const names = (await this.nodes.read()).map(({ name }) => name);
    const nodes = names.filter((name) => name !== this.ports.node);
    this.#round = nodes.length === 0 ? null : { nodes, after: "" };
    return this.#round;
  }

  /** All sessions of a server were examined. */
  #end(round: Round, node: string): void {
    const mark = this.#nextMarks.get(node);
    if (mark !== undefined) this.#marks.set(node, mark);
    round.nodes.shift();
    round.after = "";
    if (round.nodes.length === 0) this.#round = null;
  }
}
