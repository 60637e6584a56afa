// Commands in a store that no server of it runs: queues and cancels them with the same rules, a batch at a time. A server that starts
// later finds them.

import type { CommandRow } from "../rows.ts";
import type { Rule, Store } from "../store-port.ts";
import {
  ending,
  endingAll,
  findingCommand,
  numbered,
  type Ordered,
  type Queued,
  queueing,
} from "./command-rules.ts";
import type { CancelResult, QueueResult } from "./commanding.ts";

export class StoreCommands {
  /**
   * @param service the time of service, ms
   * @param now ms since 1970
   */
  constructor(
    private readonly store: Pick<Store, "apply">,
    private readonly service: () => number,
    private readonly now: () => number,
  ) {}

  /** Queues commands in one transaction; a result for each, in the same order. */
  async queue(all: readonly Ordered[]): Promise<readonly QueueResult[]> {
    const rules = all.map((ordered) => queueing(ordered, this.service(), this.now()));
    const decided = await this.#apply<Queued>(rules);
    return decided.map(({ outcome, number }) => numbered(outcome, number));
  }

  /** Cancels commands; a result for each, in the same order. */
  async cancel(numbers: readonly number[]): Promise<readonly CancelResult[]> {
    const results: CancelResult[] = [];
    for (const number of numbers) {
      const [found] = await this.#apply([findingCommand(number)]);
      const row = found?.outcome ?? null;
      results.push(row === null ? { kind: "unknown-command" } : await this.#cancel(row));
    }
    return results;
  }

  /** Cancels all open commands of a device; returns them. */
  async cancelAll(device: string): Promise<readonly CommandRow[]> {
    const how = { end: "cancelled", at: this.now(), why: null } as const;
    const [ended] = await this.#apply([endingAll(device, how)]);
    return ended?.outcome ?? [];
  }

  async #cancel({ device, number }: CommandRow): Promise<CancelResult> {
    const how = { end: "cancelled", at: this.now(), why: null } as const;
    const [ended] = await this.#apply([ending(device, number, how)]);
    const outcome = ended?.outcome ?? null;
    if (outcome === null) return { kind: "unknown-command" };
    return { kind: outcome.isNow ? "cancelled" : "already-ended", command: outcome.row };
  }

  async #apply<Outcome>(rules: readonly Rule<Outcome>[]) {
    // A batch gives each rule its own outcome.
    return (await this.store.apply(rules)) as readonly { outcome: Outcome; number: number }[];
  }
}
