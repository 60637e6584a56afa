// The messages that wait for delivery: which are sent now, and what becomes of one after a try. In order for each destination.
// Pure: sends and stores nothing; goes by the monotonic clock.

import { alertLimits, type DeliveryRow } from "../server/alert-store.ts";
import type { Moment } from "../server/moment.ts";

/** What a try has shown, in words for people. */
export type Outcome =
  | { readonly kind: "done"; readonly status: string }
  /** It may be better later. `afterMs`: when the receiver wants to hear again; null if it does not say. */
  | { readonly kind: "later"; readonly status: string; readonly afterMs: number | null }
  /** It will be no better. */
  | { readonly kind: "refused"; readonly status: string };

/** How many messages are under way at once. */
const atOnce = 4;
/** The pause after the first try, the longest one, and the longest that a receiver can ask for, ms. */
const firstPauseMs = 5_000;
const pauseMaxMs = 900_000;
const askedPauseMaxMs = 3_600_000;
/** So many tries take 24 hours. Counted, for no clock is sure to go on over a restart. */
const triesMax = 103;

type Waiting = { row: DeliveryRow; nextAt: number; isSent: boolean };

export class DeliveryOutbox {
  readonly #waiting = new Map<number, Waiting>();
  /** How many were dropped because too many waited. */
  dropped = 0;

  /** @param rows those that wait already, in the order of their numbers: they are tried again at once */
  constructor(rows: readonly DeliveryRow[] = []) {
    for (const row of rows) this.add(row);
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether a message waits for a destination. */
  hasOneFor(destination: string): boolean {
    for (const { row } of this.#waiting.values()) if (row.destination === destination) return true;
    return false;
  }

  add(row: DeliveryRow): void {
    this.#waiting.set(row.number, { row, nextAt: Number.NEGATIVE_INFINITY, isSent: false });
  }

  /** Ends the oldest that are more than may wait. @returns their rows, to be stored */
  shed({ wall }: Moment): DeliveryRow[] {
    const ended: DeliveryRow[] = [];
    for (const { row, isSent } of this.#waiting.values()) {
      if (this.#waiting.size <= alertLimits.waitingDeliveries) break;
      if (isSent) continue;
      ended.push(this.#end(row, "dropped: too many messages wait", wall));
    }
    this.dropped += ended.length;
    return ended;
  }

  /** Ends what waits for destinations that are gone. @returns their rows, to be stored */
  keepFor(names: ReadonlySet<string>, { wall }: Moment): DeliveryRow[] {
    const gone = [...this.#waiting.values()].filter(({ row }) => !names.has(row.destination));
    return gone.map(({ row }) => this.#end(row, "dropped: its destination was removed", wall));
  }

  /** Those to be sent now; each then counts as under way until its `result`. */
  due({ monotonic }: Moment): DeliveryRow[] {
    const waiting = [...this.#waiting.values()];
    const sent = waiting.filter(({ isSent }) => isSent).map(({ row }) => row.destination);
    const passed = new Set(sent);
    const due: DeliveryRow[] = [];
    for (const one of waiting) {
      // A pause takes no place: destinations that are away must not keep those waiting that are there.
      if (sent.length + due.length >= atOnce) break;
      if (passed.has(one.row.destination)) continue;
      // Whoever is behind it in the order of its destination waits with it.
      passed.add(one.row.destination);
      if (one.nextAt > monotonic) continue;
      one.isSent = true;
      due.push(one.row);
    }
    return due;
  }

  /** What a try has shown. @returns the row as it is now; null if it was ended meanwhile */
  result(number: number, outcome: Outcome, { wall, monotonic }: Moment): DeliveryRow | null {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return null;
    const tries = waiting.row.tries + 1;
    const row = { ...waiting.row, tries, status: outcome.status };
    if (outcome.kind !== "later") return this.#end(row, outcome.status, wall);
    if (tries >= triesMax) return this.#end(row, `given up: ${outcome.status}`, wall);
    waiting.row = row;
    waiting.isSent = false;
    waiting.nextAt = monotonic + pauseOf(tries, outcome.afterMs);
    return row;
  }

  #end(row: DeliveryRow, status: string, wall: number): DeliveryRow {
    this.#waiting.delete(row.number);
    return { ...row, status, ended: wall };
  }
}

/** The pause after some tries, ms. @param askedMs what the receiver asks for, or null */
function pauseOf(tries: number, askedMs: number | null): number {
  const own = Math.min(firstPauseMs * 2 ** (tries - 1), pauseMaxMs);
  return Math.max(own, Math.min(askedMs ?? 0, askedPauseMaxMs));
}

/** An answer of a receiver. */
export type Answer = {
  readonly status: number;
  /** Of the header Retry-After, ms; null without one. */
  readonly retryAfterMs: number | null;
  /** The begin of its body, as text. */
  readonly detail: string;
};

/** What an answer means; `failure`: there was none, and why. */
export function outcomeOf(answer: Answer | { readonly failure: string }): Outcome {
  if ("failure" in answer) return { kind: "later", status: answer.failure, afterMs: null };
  const { status, retryAfterMs: afterMs, detail } = answer;
  const words = detail === "" ? `${status}` : `${status} ${detail}`;
  if (status >= 200 && status < 300) return { kind: "done", status: `${status}` };
  const isLater = status === 408 || status === 429 || status >= 500;
  if (isLater) return { kind: "later", status: words, afterMs };
  const isMoved = status >= 300 && status < 400;
  return { kind: "refused", status: isMoved ? `${status}: redirects are not followed` : words };
}
