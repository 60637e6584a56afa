// What anybody may ask of the server itself, without a login: that it costs nothing that grows with the fleet, and that
// the health tells of damage and of a store that fails.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { routeOf } from "../../lib/web/handlers.ts";
import { LiveClients } from "../../lib/web/live/live-clients.ts";
import { LiveFeed } from "../../lib/web/live/live-feed.ts";
import type { WebPorts } from "../../lib/web/ports.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import type { RoutedRequest } from "../../lib/web/router.ts";
import { serverHandlers } from "../../lib/web/routes/server-handlers.ts";
import { ServerStatus } from "../../lib/web/server-status.ts";
import { fakeGauges, fakePorts } from "./fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

/** Answers each route of the server itself that is open to everybody, and counts the readings of what grows. */
async function askOpen(changes: Partial<WebPorts>) {
  let readings = 0;
  const ports = fakePorts({
    ...changes,
    gauges: () => (readings++, fakeGauges()),
    presence: {
      get: () => undefined,
      all: () => (readings++, [][Symbol.iterator]()),
    },
  });
  const roster = new Roster(ports.devices, ports.presence);
  const clients = new LiveClients();
  const status = new ServerStatus(ports, roster, clients, false);
  const feed = new LiveFeed(ports, roster, clients, status);
  const handlers = serverHandlers({ ports, roster, status, clients, feed });
  status.close();
  feed.close();
  roster.close();
  readings = 0;
  const answers = new Map<string, { status: number; body: unknown }>();
  for (const name of Object.keys(handlers) as (keyof typeof handlers)[]) {
    const { access, path, answer } = routeOf(name, handlers[name]);
    if (access !== "open") continue;
    const reply = await answer({ request: new Request("http://localhost/") } as RoutedRequest);
    answers.set(path, { status: reply.status, body: await reply.json() });
  }
  return { answers, readings };
}

test("what anybody may ask reads no gauges and no sessions: they take the longer the more devices are online", async () => {
  const { answers, readings } = await askOpen({});
  expect([...answers.keys()]).toEqual(["/healthz", "/api/v1/openapi.json"]);
  expect(readings).toBe(0);
});

test.each(["away", "unsure", "taken"] as const)(
  "a store that cannot be relied on: 503 %s, whatever the last batch was",
  async (kind) => {
    const why = "postgres://iot@db/iot is away: it ended";
    for (const isStoring of [true, false]) {
      const changes = { loss: () => ({ kind, why }), isStoring: () => isStoring };
      const { answers, readings } = await askOpen(changes);
      // Whose database it is, is nobody's business.
      expect(answers.get("/healthz")).toEqual({ status: 503, body: { status: kind } });
      expect(readings).toBe(0);
    }
  },
);

test.each([
  [true, null, 200, "ok"],
  [true, "a page is damaged", 200, "damaged"],
  [false, null, 503, "failing"],
  [false, "a page is damaged", 503, "failing"],
])("stores %p, damage %p: %p %p", async (isStoring, damage, status, word) => {
  const { answers } = await askOpen({ isStoring: () => isStoring, damage: () => damage });
  expect(answers.get("/healthz")).toEqual({ status, body: { status: word } });
});
