// The requests of a simulated device, counted: what is sent first, what is accepted and after how long. Changes nothing about
// them.

import { verdictOf } from "../outcome.ts";
import type { EncodedRequest, OnOutcomes } from "../outstanding.ts";
import type { Channel } from "../channel.ts";
import { Requests } from "../requests.ts";
import type { Counts } from "./tally.ts";

export class CountedRequests extends Requests {
  /** When those under way were first sent, by msgid: one packet of them at most. */
  readonly #since = new Map<bigint, number>();

  constructor(
    channel: Channel,
    random: () => number,
    private readonly counts: Counts,
  ) {
    super(channel, random);
  }

  override submitAll(
    requests: readonly EncodedRequest[],
    now: number,
    onOutcomes: OnOutcomes,
    timeoutMs?: number,
  ): void {
    for (const { msgid } of requests) {
      // What was silent through its whole schedule is submitted again.
      if (this.#since.has(msgid)) continue;
      this.#since.set(msgid, now);
      this.counts.sent++;
    }
    const counted: OnOutcomes = (outcomes, at) => {
      for (const [index, { msgid, message }] of requests.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined || outcome.kind === "silent") continue;
        const since = this.#since.get(msgid) ?? at;
        this.#since.delete(msgid);
        if (verdictOf(message.type, outcome) !== "done") continue;
        const isQuick = message.type === "DATA" || message.type === "STATUS";
        this.counts.accept(isQuick ? at - since : null);
      }
      onOutcomes(outcomes, at);
    };
    super.submitAll(requests, now, counted, timeoutMs);
  }
}
