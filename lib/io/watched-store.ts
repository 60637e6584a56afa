// A store that reports each batch to a listener, after the commit and before the replies. Stores nothing itself.

import type { Operation, Outcome } from "../server/operation.ts";
import type { KeptStore } from "./packet-loop.ts";

export class WatchedStore implements KeptStore {
  /** Called with each batch that is on the disk. Must be fast, as the replies wait for it, and must not throw. */
  onCommit: (operations: readonly Operation[], outcomes: readonly Outcome[]) => void = () => {};

  constructor(private readonly store: KeptStore) {}

  async apply(operations: readonly Operation[]): Promise<readonly Outcome[]> {
    const outcomes = await this.store.apply(operations);
    this.onCommit(operations, outcomes);
    return outcomes;
  }

  housekeep(): void {
    this.store.housekeep();
  }

  checkFile(): void {
    this.store.checkFile();
  }
}
