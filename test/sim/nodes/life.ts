// The life of a simulated process, from its start to its end: what it waits for happens while it lives, and while it is
// paused (SIGSTOP) only afterwards.

import type { Stream } from "../random.ts";
import type { Timeline } from "../timeline.ts";

/** What a resumed process had missed happens within this time, in any order, ms. */
const catchUpMs = 3;

export class Life {
  #isOver = false;
  #isPaused = false;
  #missed: (() => void)[] = [];

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Stream,
  ) {}

  get isOver(): boolean {
    return this.#isOver;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  after(ms: number, happen: () => void): void {
    this.timeline.after(ms, () => this.#happen(happen));
  }

  end(): void {
    this.#isOver = true;
    this.#missed = [];
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const happen of this.#missed.splice(0))
      this.after(this.random.between(0, catchUpMs), happen);
  }

  #happen(happen: () => void): void {
    if (this.#isOver) return;
    if (this.#isPaused) this.#missed.push(happen);
    else happen();
  }
}
