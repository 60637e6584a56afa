// The stream of live events. There is one at a time; when it breaks or falls silent it is opened again, after longer and
// longer pauses. Reports its state; renders nothing.

import type { LiveEvents } from "../api/shapes.ts";
import { type Topic, topics } from "../api/words.ts";
import { addressOf, get } from "./api.ts";

/** A page's event handlers. `hello` comes each time the stream begins: the page then loads everything again. */
export type Receiver = { readonly [K in keyof LiveEvents]?: (data: LiveEvents[K]) => void };

export type Subscription = {
  readonly topics: readonly Topic[];
  /** Receive only the events of this device. */
  readonly device?: string;
  readonly receiver: Receiver;
};

/** `lost` contains the time of the next attempt, ms since 1970. */
export type LiveState =
  | { readonly kind: "connecting" | "live" | "login" }
  | { readonly kind: "lost"; readonly nextAt: number };

const names: readonly (keyof LiveEvents)[] = ["hello", ...topics];
/** A status event comes every second: a stream silent for this long is dead. */
const silenceMs = 8_000;
const firstPauseMs = 1_000;
const longestPauseMs = 15_000;
/** A page that only listens uses the login this often: a stream cannot renew it. */
const useEveryMs = 30 * 60_000;

export class Live {
  #source: EventSource | null = null;
  #subscription: Subscription | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** When the login was used, by the monotonic clock, ms. */
  #usedAt = 0;

  /**
   * @param always receives every event, in addition to the page
   * @param onState called when the state changes
   */
  constructor(
    private readonly always: Receiver,
    private readonly onState: (state: LiveState) => void,
  ) {
    addEventListener("online", () => this.retryNow());
  }

  /** Subscribes a page, in place of the previous one. */
  listen(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#failures = 0;
    this.#open();
  }

  /** Closes the stream. */
  stop(): void {
    this.#subscription = null;
    this.#close();
  }

  /** Tries at once instead of waiting for the end of the pause. */
  retryNow(): void {
    if (this.#subscription !== null && this.#source === null) this.#open();
  }

  #open(): void {
    const subscription = this.#subscription;
    this.#close();
    if (subscription === null) return;
    if (this.#failures === 0) this.onState({ kind: "connecting" });
    const { device = null } = subscription;
    const wanted = { topics: subscription.topics.join(","), device };
    const source = new EventSource(addressOf("/events", wanted));
    this.#source = source;
    this.#usedAt = performance.now();
    for (const name of names) {
      source.addEventListener(name, (event) => {
        if (this.#source === source) this.#hear(name, (event as MessageEvent<string>).data);
      });
    }
    source.addEventListener("error", () => {
      if (this.#source === source) void this.#lose();
    });
    this.#expect();
  }

  #hear(name: keyof LiveEvents, text: string): void {
    this.#expect();
    if (performance.now() - this.#usedAt > useEveryMs) void this.#useLogin();
    const data = JSON.parse(text) as never;
    if (name === "hello") {
      this.#failures = 0;
      this.onState({ kind: "live" });
    }
    this.always[name]?.(data);
    this.#subscription?.receiver[name]?.(data);
  }

  /** Ends the stream if the login has ended. */
  async #useLogin(): Promise<void> {
    this.#usedAt = performance.now();
    const source = this.#source;
    const rights = await get("/session", {}).catch(() => null);
    if (rights?.mayRead === false && this.#source === source) await this.#lose();
  }

  #expect(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => void this.#lose(), silenceMs);
  }

  async #lose(): Promise<void> {
    this.#close();
    const subscription = this.#subscription;
    // EventSource does not tell why a stream was refused.
    const rights = await get("/session", {}).catch(() => null);
    if (subscription !== this.#subscription || this.#source !== null) return;
    if (rights !== null && !rights.mayRead) {
      this.onState({ kind: "login" });
      return;
    }
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures);
    this.#failures++;
    this.onState({ kind: "lost", nextAt: performance.now() + pause });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), pause);
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = null;
  }
}
