// The commands that a device has begun, in memory: for tests that crash a device and keep what it had written.

import type { CommandKey, CommandMemory, CommandResult } from "../../lib/client/device-commands.ts";

type Kept = { readonly key: CommandKey; result: CommandResult | null };

export class RememberedCommands implements CommandMemory {
  readonly kept = new Map<string, Kept>();
  /** Why nothing can be kept now; null if it can. */
  trouble: string | null = null;

  find(key: CommandKey): { readonly result: CommandResult | null } | null {
    return this.kept.get(nameOf(key)) ?? null;
  }

  begin(key: CommandKey): void {
    if (this.trouble !== null) throw new Error(this.trouble);
    this.kept.set(nameOf(key), { key, result: null });
  }

  finish(key: CommandKey, result: CommandResult): void {
    if (this.trouble !== null) throw new Error(this.trouble);
    this.kept.set(nameOf(key), { key, result });
  }

  begun(): readonly CommandKey[] {
    return [...this.kept.values()].flatMap(({ key, result }) => (result === null ? [key] : []));
  }

  close(): void {}
}

function nameOf({ number, hash }: CommandKey): string {
  return `${number} ${hash}`;
}
