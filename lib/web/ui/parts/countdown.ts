// A time that passes, in words that change every second. Says nothing more once it is over.

import { element, setText } from "./element.ts";
import { span } from "./formats.ts";

const hourMs = 3_600_000;

export class Countdown {
  readonly view = element("strong", { class: "countdown", role: "timer" });
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param endsAt when it is over, by the clock of `performance.now` */
  run(endsAt: number): void {
    this.stop();
    const draw = () => {
      const leftMs = endsAt - performance.now();
      setText(this.view, leftWords(leftMs));
      if (leftMs <= 0) this.stop();
    };
    this.#timer = setInterval(draw, 1000);
    draw();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** `4 min 12 s`; from an hour on without seconds. */
export function leftWords(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60 || seconds * 1000 >= hourMs) return span(seconds * 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
