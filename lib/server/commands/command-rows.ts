// What all stores have in common for commands: which writes they are, how many are kept, in which state a row is. Stores nothing.

import type { CommandEnd, CommandRow } from "../rows.ts";
import type { Write } from "../store-port.ts";

/** The writes of commands. */
export type CommandWrite = Extract<
  Write,
  { kind: `${string}-command` | "touch-commands" | "keep-late-result" | "note-service" }
>;

/** How many commands may be open, of a device and in all. */
export const openCommandsMax = { device: 64, all: 65_536 } as const;

/** How many ended commands are kept, and for how many hours of service. */
export const keptCommands = { ended: 100_000, hours: 30 * 24 } as const;

/** A command's state. `sent`: at least once. `delivered`: the device said that it has it. */
export type CommandState = "queued" | "sent" | "delivered" | CommandEnd;

/** The state of a command. */
export function stateOf({ end, delivered, sendings }: CommandRow): CommandState {
  if (end !== null) return end;
  if (delivered !== null) return "delivered";
  return sendings > 0 ? "sent" : "queued";
}

/** A command as it is told outside; times are ISO 8601. */
export function toldCommand(row: CommandRow) {
  const { number, device, message, origin, sendings, code, result, late } = row;
  const iso = (ms: number) => new Date(ms).toISOString();
  const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms));
  return {
    number,
    device,
    message,
    state: stateOf(row),
    origin,
    created: iso(row.created),
    expires: iso(row.expires),
    sent: isoOrNull(row.sent),
    sendings,
    delivered: isoOrNull(row.delivered),
    ended: isoOrNull(row.ended),
    code,
    result,
    late,
  };
}
