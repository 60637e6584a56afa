// How the agent insists: after silence it submits the same request again, after "later" (93, 95) it pauses. Tells when the
// server does not answer, and when it does again. Never decides what to ask.

import { ack } from "../protocol/codes.ts";
import type { AgentEvent } from "./agent-event.ts";
import { codeOf, type Outcome, reasonOf, verdictOf } from "./outcome.ts";
import type { EncodedRequest } from "./outstanding.ts";
import type { Requests } from "./requests.ts";
import type { Spool } from "./spool.ts";

/** Implementation constants, in ms; an agent that is about to end asks again sooner. */
export const laterPauseMs = 10_000;
const laterPauseHurriedMs = 1_000;
/** Implementation constant: a request that is sent again after this time reports an outage, ms; losses are common. */
const awayAfterMs = 6_000;

/** A request that was answered with done or a refusal. */
export type Answered = { readonly request: EncodedRequest; readonly outcome: Outcome };

export class Persistence {
  /** No request is to be submitted before this time, in ms. */
  pauseUntil = 0;
  /** Whether the server has answered since the start, or since `hurry`. */
  wasAnswered = false;
  #away = false;
  /** Why the server asks to wait, as it was told last; empty if it does not. */
  #waitsFor = "";
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
      if (waitedMs >= awayAfterMs && !requests.isServerBusy) this.#goAway();
    };
    requests.onBusy = (reason) => this.#wait(reason);
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
    this.submitAll([request], now, ([answered], at) => {
      if (answered !== undefined) onAnswer(answered.outcome, at);
    });
  }

  /**
   * Submits requests of one packet, each like `submit`.
   * @param onAnswers called with those that were answered with done or a refusal, in order; not with none
   */
  submitAll(
    requests: readonly EncodedRequest[],
    now: number,
    onAnswers: (answered: readonly Answered[], at: number) => void,
  ): void {
    this.requests.submitAll(requests, now, (outcomes, at) => {
      const ended = requests.map((request, index) => {
        const outcome = outcomes[index] as Outcome;
        return { request, outcome, verdict: verdictOf(request.message.type, outcome) };
      });
      const silent = ended.filter(({ verdict }) => verdict === "silent");
      const later = ended.find(({ verdict }) => verdict === "later");
      const answered = ended.filter(({ verdict }) => verdict === "done" || verdict === "refused");
      if (silent.length < ended.length) this.#comeBack();
      if (answered.length > 0) {
        this.#waitsFor = "";
        onAnswers(answered, at);
      }
      if (later !== undefined) {
        // Those without an answer wait with it: the caller makes the requests again in their order.
        const { outcome } = later;
        this.pause(at);
        this.onEvent({ kind: "later", code: codeOf(outcome), reason: reasonOf(outcome) });
      } else if (silent.length > 0) {
        this.#goAway();
        // The bytes and the msgid stay the same, so the server recognises a repeat.
        const again = silent.map(({ request }) => request);
        return this.submitAll(again, at, onAnswers);
      }
      this.onFree(at);
    });
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

  /** The server asks to wait: its words are told once, as it may mean an hour. */
  #wait(reason: string): void {
    if (reason === "" || reason === this.#waitsFor) return;
    this.#waitsFor = reason;
    this.onEvent({ kind: "later", code: ack.busy, reason });
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
