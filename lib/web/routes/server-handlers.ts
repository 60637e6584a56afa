// Owns the handlers of the server itself: health, status, metrics, activity, live events, and the OpenAPI document. Never
// collects any of this data.

import { openApi } from "../api/openapi.ts";
import { bodyFor } from "../encodings.ts";
import { type RouteAnswer, type CallOf, type Handlers, jsonBody, HttpReply } from "../handlers.ts";
import type { LiveClients } from "../live/live-clients.ts";
import type { LiveFeed } from "../live/live-feed.ts";
import { metrics } from "../metrics/metrics.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";
import { healthOf, isServing } from "../../server/health.ts";
import type { Roster } from "../../fleet/roster.ts";
import type { ServerStatus } from "../server-status.ts";

/** The parts of the web side that these handlers show. */
export type ServerParts = {
  readonly ports: WebPorts;
  readonly roster: Roster;
  readonly status: ServerStatus;
  readonly clients: LiveClients;
  readonly feed: LiveFeed;
};

type Names = "health" | "metrics" | "openApi" | "status" | "nodes" | "activity" | "events";

/** The handlers of the server itself. */
export function serverHandlers(parts: ServerParts): Pick<Handlers, Names> {
  const { ports, roster, status, clients, feed } = parts;
  // Once: anybody may ask for it, and it takes longer to write than the rest of the answer.
  const document = JSON.stringify(openApi(ports.version));
  return {
    health: () => toldHealth(ports),
    metrics: async () => {
      await Promise.all([roster.load(), ports.openCommands.load()]);
      return metrics(ports, roster, clients);
    },
    openApi: async ({ request }) => {
      const { body, headers } = await bodyFor(request, document);
      return jsonBody(body, 200, headers);
    },
    status: async () => {
      await roster.load();
      return status.read();
    },
    nodes: async () => ({ nodes: await status.nodes.json() }),
    activity: (call) => activity(ports, call),
    events: async ({ parameters }) => {
      const subscription = parameters();
      await Promise.all([roster.load(), ports.openCommands.load()]);
      return feed.open(subscription);
    },
  };
}

async function activity(
  ports: WebPorts,
  call: CallOf<"activity">,
): Promise<RouteAnswer<"activity">> {
  const { q: contains, level, limit } = call.parameters();
  try {
    return { lines: await ports.activity.tail({ contains, level, limit }) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem("storage-failed", `The log cannot be read: ${why}`);
  }
}

/**
 * Anybody may ask, as often as they like, so it reads no gauges: those take the longer the more devices are online.
 * A damaged page is no reason to take the server from its devices: it is told, with 200.
 */
function toldHealth({ isStoring, damage, loss }: WebPorts): RouteAnswer<"health"> {
  const health = healthOf({ loss: loss(), isStoring: isStoring(), damage: damage() });
  const { status } = health;
  if (!isServing(health)) return new HttpReply(503, { status });
  return { status: status === "ok" ? "ok" : "damaged" };
}
