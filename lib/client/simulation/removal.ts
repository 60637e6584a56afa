// Has one simulated device removed from the server, in place of the agent. Insists until there is an answer. Never reads a
// clock.

import { ack } from "../../protocol/codes.ts";
import type { Address } from "../../protocol/messages.ts";
import type { StatedIdentity } from "../agent-event.ts";
import { codeOf, type Outcome, reasonOf, verdictOf } from "../outcome.ts";
import type { EncodedRequest } from "../outstanding.ts";
import type { Requests } from "../requests.ts";

/** How it ended: the device is gone, or the server refused it. */
export type RemovalEvent =
  | { readonly kind: "removed" | "given-up" }
  | {
      readonly kind: "refused";
      readonly verb: "DEREGISTER";
      readonly code: string;
      readonly reason: string;
    };

/** Implementation constant: after "later" it asks again then, ms. */
const pauseMs = 5_000;

export class Removal {
  #ended = false;
  #againAt: number | null = null;
  readonly #request: EncodedRequest;

  constructor(
    identity: StatedIdentity,
    server: Address,
    readonly requests: Requests,
    readonly onEvent: (event: RemovalEvent) => void,
  ) {
    this.#request = requests.prepare({ type: "DEREGISTER", ...identity }, server);
  }

  /** Sends the DEREGISTER. */
  start(now: number): void {
    this.#againAt = null;
    this.requests.submit(this.#request, now, (outcome, at) => this.#take(outcome, at));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** When `tick` is to be called next, ms; null for never. */
  get wakeAt(): number | null {
    return this.#ended ? null : (this.#againAt ?? this.requests.wakeAt);
  }

  /** Runs the timers that are due. */
  tick(now: number): void {
    if (this.#againAt !== null && now >= this.#againAt) this.start(now);
    this.requests.tick(now);
  }

  /** Gives up. */
  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.requests.cancelAll();
    this.onEvent({ kind: "given-up" });
  }

  #take(outcome: Outcome, now: number): void {
    switch (verdictOf("DEREGISTER", outcome)) {
      case "silent":
        return this.start(now);
      case "later":
        this.#againAt = now + pauseMs;
        return;
      case "done":
      case "refused": {
        this.#ended = true;
        const [code, reason] = [codeOf(outcome), reasonOf(outcome)];
        const isGone = code === ack.deregistered || code === ack.noSuchDevice;
        this.onEvent(
          isGone ? { kind: "removed" } : { kind: "refused", verb: "DEREGISTER", code, reason },
        );
      }
    }
  }
}
