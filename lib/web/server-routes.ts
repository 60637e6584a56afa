// Owns the HTTP routes of the server itself: health, status, metrics, activity, live events, and the OpenAPI document.
// Never collects any of this data.

import { logLevels } from "../server/log.ts";
import { metrics } from "./metrics.ts";
import { hello, type LiveFeed } from "./live-feed.ts";
import { type LiveClients, topics } from "./live-clients.ts";
import { openApi } from "./openapi.ts";
import type { WebPorts } from "./ports.ts";
import { Problem } from "./problem.ts";
import type { Roster } from "./roster.ts";
import { type Call, json, jsonText, type Route } from "./router.ts";
import type { Status } from "./status.ts";

const linesMax = 1_000;
const usualTopics = topics.filter((topic) => topic !== "activity");

/** The parts of the web side that these routes show. */
export type ServerParts = {
  readonly ports: WebPorts;
  readonly roster: Roster;
  readonly status: Status;
  readonly clients: LiveClients;
  readonly feed: LiveFeed;
};

/** The routes of the server itself. */
export function serverRoutes({ ports, roster, status, clients, feed }: ServerParts): Route[] {
  const read = { method: "GET", query: [] as string[], access: "read" } as const;
  // Once: anybody may ask for it, and it takes longer to write than the rest of the answer.
  const document = JSON.stringify(openApi(ports.version));
  return [
    {
      ...read,
      path: "/healthz",
      access: "open",
      answer: () => health(ports),
    },
    {
      ...read,
      path: "/metrics",
      access: "local",
      answer: async () => {
        await roster.load();
        return metrics(ports, roster, clients);
      },
    },
    {
      ...read,
      path: "/api/v1/openapi.json",
      access: "open",
      answer: () => jsonText(document),
    },
    {
      ...read,
      path: "/api/v1/status",
      answer: async () => {
        await roster.load();
        return json(status.read());
      },
    },
    {
      ...read,
      path: "/api/v1/activity",
      query: ["q", "level", "limit"],
      answer: (call) => activity(ports, call),
    },
    {
      ...read,
      path: "/api/v1/events",
      query: ["topics", "device"],
      answer: async ({ parameters }) => {
        const wanted = parameters.words("topics", topics, usualTopics);
        const device = parameters.text("device", 64) || null;
        await roster.load();
        return clients.open({ topics: wanted, device }, hello(ports), feed.adjust);
      },
    },
  ];
}

async function activity(ports: WebPorts, { parameters }: Call): Promise<Response> {
  const contains = parameters.text("q", 200);
  const level = parameters.choice("level", logLevels, "debug");
  const limit = parameters.integer("limit", 1, linesMax, 200);
  try {
    return json({ lines: await ports.activity.tail({ contains, level, limit }) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem("storage-failed", `The log cannot be read: ${why}`);
  }
}

/**
 * Anybody may ask, as often as they like, so it reads no gauges: those take the longer the more devices are online.
 * A damaged page is no reason to take the server from its devices: it is told, with 200.
 */
function health({ isStoring, damage }: WebPorts): Response {
  if (!isStoring()) return json({ status: "failing" }, 503);
  return json(damage() === null ? { status: "ok" } : { status: "damaged" });
}
