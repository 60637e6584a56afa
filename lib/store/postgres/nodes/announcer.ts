// Tells the other nodes which devices have changed: collects their ids, and sends at most 4 notifications a second. One that
// could not be sent goes again. Reads nothing.

import type { ChannelPace } from "./channel-pace.ts";
import { idCharsAtOnce, type Notice } from "./notices.ts";

/** How many ids may wait. With one more the others are told that all may have changed. */
const idsMax = 100_000;

export class Announcer {
  readonly #waiting = new Set<string>();
  /** Whether the others are to compare everything. */
  #isAll = false;
  #isSending = false;
  #isStopped = false;
  /** When the next notification may go, by the monotonic clock, ms. */
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param send sends a notice to everyone; rejects if that failed */
  constructor(
    private readonly send: (notice: Notice) => Promise<void>,
    private readonly pace: Pick<ChannelPace, "tellMs">,
  ) {}

  tell(ids: Iterable<string>): void {
    if (this.#isStopped) return;
    this.#collect(ids);
    this.#schedule();
  }

  /** Sends what waits at once, and nothing later. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (let notice = this.#take(); notice !== null; notice = this.#take()) {
      void this.send(notice).catch(() => {});
    }
  }

  #collect(ids: Iterable<string>): void {
    for (const id of ids) {
      if (this.#isAll) return;
      this.#waiting.add(id);
      if (this.#waiting.size > idsMax) this.#all();
    }
  }

  #all(): void {
    this.#waiting.clear();
    this.#isAll = true;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isSending || this.#isStopped) return;
    if (!this.#isAll && this.#waiting.size === 0) return;
    const inMs = Math.max(0, this.#next - performance.now());
    this.#timer = setTimeout(() => void this.#send(), inMs);
  }

  async #send(): Promise<void> {
    this.#timer = undefined;
    this.#next = performance.now() + this.pace.tellMs;
    const notice = this.#take();
    if (notice === null) return;
    this.#isSending = true;
    try {
      await this.send(notice);
    } catch {
      if (notice.kind === "changed") this.#collect(notice.ids);
      else this.#all();
    }
    this.#isSending = false;
    this.#schedule();
  }

  /** The next notice; null if nothing waits. */
  #take(): Extract<Notice, { kind: "changed" | "all" }> | null {
    if (this.#isAll) {
      this.#isAll = false;
      return { kind: "all" };
    }
    const ids: string[] = [];
    let chars = 0;
    for (const id of this.#waiting) {
      chars += id.length + 1;
      if (chars > idCharsAtOnce) break;
      ids.push(id);
    }
    for (const id of ids) this.#waiting.delete(id);
    return ids.length === 0 ? null : { kind: "changed", ids };
  }
}
