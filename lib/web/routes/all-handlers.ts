// Owns the list of all handlers: what each of them gets. Never answers a request.

import type { Roster } from "../../fleet/roster.ts";
import type { AccessControl } from "../access/access-control.ts";
import type { DashboardLogins } from "../access/dashboard-logins.ts";
import { ExportSlots } from "../exports/export-slots.ts";
import type { Handlers } from "../handlers.ts";
import type { LiveClients } from "../live/live-clients.ts";
import type { LiveFeed } from "../live/live-feed.ts";
import type { PageFile } from "../pages.ts";
import type { WebPorts } from "../ports.ts";
import type { ServerStatus } from "../server-status.ts";
import { sessionHandlers } from "./session-handlers.ts";
import { serverHandlers } from "./server-handlers.ts";
import { deviceHandlers } from "./device-handlers.ts";
import { labelHandlers } from "./label-handlers.ts";
import { bulkHandlers } from "./bulk-handlers.ts";
import { commandHandlers } from "./command-handlers.ts";
import { alertHandlers } from "./alert-handlers.ts";
import { doorHandlers } from "./door-handlers.ts";
import { pendingHandlers } from "./pending-handlers.ts";
import { reportHandlers } from "./report-handlers.ts";
import { seriesHandlers } from "./series-handlers.ts";
import type { CommandWaits } from "./command-waits.ts";

/** What handlers are made of. */
export type HandlerParts = {
  readonly ports: WebPorts;
  readonly roster: Roster;
  readonly status: ServerStatus;
  readonly clients: LiveClients;
  readonly feed: LiveFeed;
  readonly access: AccessControl;
  readonly logins: DashboardLogins;
  readonly waits: CommandWaits;
  readonly pages: ReadonlyMap<string, PageFile>;
};

/** The handlers of all routes. */
export function allHandlers(parts: HandlerParts): Handlers {
  const { ports, roster, feed } = parts;
  const exports = new ExportSlots();
  return {
    ...sessionHandlers(parts.access, parts.logins, ports.version, parts.pages),
    ...serverHandlers(parts),
    ...deviceHandlers(ports, roster, feed.marks, exports),
    ...labelHandlers(ports),
    ...bulkHandlers(ports, roster),
    ...commandHandlers(ports, roster, parts.waits),
    ...alertHandlers(ports, roster),
    ...doorHandlers(ports),
    ...pendingHandlers(ports),
    ...reportHandlers(ports, exports),
    ...seriesHandlers(ports, roster),
  };
}
