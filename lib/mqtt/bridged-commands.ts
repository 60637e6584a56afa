// Commands over MQTT: how one is ordered, and how it is told. Queues nothing itself.

import { commandFault } from "../protocol/commands.ts";
import { stateOf } from "../server/commands/command-rows.ts";
import type { Ordered } from "../server/commands/command-rules.ts";
import type { QueueResult } from "../server/commands/commanding.ts";
import type { CommandRow } from "../server/rows.ts";
import type { RequestPorts, ToldCommand } from "./requests.ts";

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** How long a command is kept for its device, ms. */
const ttlMs = { usual: 86_400_000, least: 1_000, most: 30 * 86_400_000 } as const;
const keyCharsMax = 128;

/** What queues commands for whoever may write to their topics. Its errors have the words of the API. */
export function commandPort(
  queue: (ordered: Ordered) => Promise<QueueResult>,
): NonNullable<RequestPorts["command"]> {
  return async (device, message, request, ttl) => {
    if (commandFault(message) !== null) return { error: "bad-message" };
    if (request !== null && (request === "" || request.length > keyCharsMax)) {
      return { error: "bad-request" };
    }
    const ms = ttl === null ? ttlMs.usual : durationOf(ttl);
    if (ms === null) return { error: "bad-ttl" };
    const result = await queue({ device, message, ttlMs: ms, origin: "mqtt", request });
    return "command" in result ? toldCommand(result.command) : { error: result.kind };
  };
}

/** A command as its topic has it. */
export function toldCommand(row: CommandRow): ToldCommand {
  const { number, device, message, origin, sendings, code, result, late } = row;
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    number,
    device,
    message,
    state: stateOf(row),
    origin,
    created: iso(row.created),
    expires: iso(row.expires),
    sent: iso(row.sent),
    sendings,
    delivered: iso(row.delivered),
    ended: iso(row.ended),
    code,
    result,
    late,
  };
}

function durationOf(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (unitMs[unit as keyof typeof unitMs] ?? Number.NaN);
  return ms >= ttlMs.least && ms <= ttlMs.most ? ms : null;
}
