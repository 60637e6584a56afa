// The line from a node to the database: it takes its time, and can be cut. A query over it ends with an answer or without,
// and then nobody knows whether it was carried out.

import type { Stream } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import type { Database } from "./database.ts";
import type { Life } from "./life.ts";

/** How soon a query that cannot be sent fails, ms. */
const refusedMs = 5;

export class Line {
  #cutUntil = 0;

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Stream,
    readonly database: Database,
  ) {}

  cut(ms: number): void {
    this.#cutUntil = this.timeline.now + ms;
  }

  mend(): void {
    this.#cutUntil = 0;
  }

  /** When the database is reached again, ms. */
  get backAt(): number {
    return Math.max(this.#cutUntil, this.database.downUntil);
  }

  get isDown(): boolean {
    return this.backAt > this.timeline.now;
  }

  /** How long a datagram takes, or whatever the database does, ms. */
  get latencyMs(): number {
    const { random } = this;
    if (random.chance(0.01)) return random.between(400, 3_000);
    return random.chance(0.1) ? random.between(20, 400) : random.between(0, 4);
  }

  /** @param onFailed called if there is no answer */
  query<T>(life: Life, ask: () => T, onAnswer: (answer: T) => void, onFailed: () => void): void {
    if (this.isDown) return life.after(refusedMs, onFailed);
    this.timeline.after(this.latencyMs, () => {
      if (this.isDown) return life.after(refusedMs, onFailed);
      const answer = ask();
      this.timeline.after(this.latencyMs, () => {
        life.after(0, this.isDown ? onFailed : () => onAnswer(answer));
      });
    });
  }
}
