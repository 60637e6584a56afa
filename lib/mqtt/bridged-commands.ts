// Commands over MQTT: how one is ordered. Queues nothing itself.

import { commandFault } from "../protocol/commands.ts";
import { toldCommand } from "../server/commands/command-rows.ts";
import { commandTtl, isRequest, type Ordered } from "../server/commands/command-rules.ts";
import type { QueueResult } from "../server/commands/commanding.ts";
import { typedDuration } from "../server/duration-text.ts";
import type { RequestPorts } from "./requests.ts";

/** What queues commands for whoever may write to their topics. Its errors have the words of the API. */
export function commandPort(
  queue: (ordered: Ordered) => Promise<QueueResult>,
): NonNullable<RequestPorts["command"]> {
  return async (device, message, request, ttl) => {
    if (commandFault(message) !== null) return { error: "bad-message" };
    if (request !== null && !isRequest(request)) return { error: "bad-request" };
    const ms = ttl === null ? commandTtl.usual : durationOf(ttl);
    if (ms === null) return { error: "bad-ttl" };
    const result = await queue({ device, message, ttlMs: ms, origin: "mqtt", request });
    return "command" in result ? toldCommand(result.command) : { error: result.kind };
  };
}

function durationOf(text: string): number | null {
  const ms = typedDuration(text);
  return ms !== null && ms >= commandTtl.least && ms <= commandTtl.most ? ms : null;
}
