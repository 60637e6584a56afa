// How the agent insists: after silence it submits the same request again, after "later" (93, 95) it pauses. Tells when the
// server does not answer, and when it does again. Never decides what to ask.

import type { AgentEvent } from "./agent-event.ts";
import { codeOf, type Outcome, reasonOf, verdictOf } from "./outcome.ts";
import type { EncodedRequest, Requests } from "./requests.ts";
import type { Spool } from "./spool.ts";

/** Implementation constants, in ms; an agent that is about to end asks again sooner. */
export const laterPauseMs = 10_000;
const laterPauseHurriedMs = 1_000;
/** Implementation constant: a request that is sent again after this time reports an outage, ms; losses are common. */
const awayAfterMs = 6_000;

export class Persistence {
  /** No request is to be submitted before this time, in ms. */
  pauseUntil = 0;
  /** Whether the server has answered since the start, or since `hurry`. */
  wasAnswered = false;
  #away = false;
  #pauseMs = laterPauseMs;

  /**
   * @param queue its length is told with the events
   * @param onFree called after each answer: the next request can be submitted
   */
  constructor(
    readonly requests: Requests,
    readonly queue: Spool,
    readonly onEvent: (event: AgentEvent) => void,
    readonly onFree: (now: number) => void,
  ) {
    requests.onRetry = (_request, _sending, waitedMs) => {
      if (waitedMs >= awayAfterMs) this.#goAway();
    };
  }

  /**
   * Submits a request. Silence and "later" are handled alike for every type: after silence the request itself is submitted
   * again; after "later" there is a pause, and the caller makes its request again.
   * @param onAnswer called with an answer that is done or refused
   */
  submit(
    request: EncodedRequest,
    now: number,
    onAnswer: (outcome: Outcome, at: number) => void,
  ): void {
    const onOutcome = (outcome: Outcome, at: number) => {
      const verdict = verdictOf(request.message.type, outcome);
      if (verdict === "silent") {
        this.#goAway();
        // The bytes and the msgid stay the same, so the server recognises a repeat.
        return this.submit(request, at, onAnswer);
      }
      this.#comeBack();
      if (verdict === "later") {
        this.pause(at);
        this.onEvent({ kind: "later", code: codeOf(outcome), reason: reasonOf(outcome) });
      } else {
        onAnswer(outcome, at);
      }
      this.onFree(at);
    };
    this.requests.submit(request, now, onOutcome);
  }

  /** Pauses as after "later". @param ms another time than that */
  pause(now: number, ms = this.#pauseMs): void {
    this.pauseUntil = now + ms;
  }

  /** Ends all waiting: after an outage the next sending may be most of a minute away, and the server may be back. */
  hurry(now: number): void {
    this.wasAnswered = false;
    this.#pauseMs = laterPauseHurriedMs;
    this.pauseUntil = 0;
    this.requests.hurry(now);
  }

  #goAway(): void {
    if (this.#away) return;
    this.#away = true;
    this.onEvent({ kind: "away", queued: this.queue.length });
  }

  #comeBack(): void {
    this.wasAnswered = true;
    if (!this.#away) return;
    this.#away = false;
    this.onEvent({ kind: "back", queued: this.queue.length });
  }
}
