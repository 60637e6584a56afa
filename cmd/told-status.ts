// Tells commands how a running server is, with or without the web server. Measures nothing itself.

import { healthOf } from "../lib/server/health.ts";
import type { Told } from "../lib/io/control-socket.ts";
import { ServerStatus } from "../lib/web/server-status.ts";
import { portsOf, type WebParts } from "./web.ts";

/** Nobody follows live events without the web server. */
const noClients = { clients: 0, clientsMax: 0 };

/** The calls that tell how the server is, and what ends the sampling that they began. */
export type StatusCalls = Told & {
  /** How the server is, in a line. */
  state(): string;
  close(): void;
};

/**
 * Returns the calls.
 * @param sampled the status that the web server samples; null without one: then it is sampled from the first question on
 */
export function toldStatus(parts: WebParts, sampled: ServerStatus | null): StatusCalls {
  const ports = portsOf(parts);
  let own: ServerStatus | null = null;
  const status = () => sampled ?? (own ??= new ServerStatus(ports, parts.roster, noClients, false));
  const health = () =>
    healthOf({ loss: ports.loss(), isStoring: ports.isStoring(), damage: ports.damage() });
  return {
    health,
    bridge: ports.bridge,
    async status() {
      // A store that is away cannot be read: that is what is told then, with the devices that are known.
      await parts.roster.load().catch((error: unknown) => {
        if (ports.loss() === null) throw error;
      });
      const { endpoint } = parts;
      return { port: endpoint.port, health: health(), ...(await status().read()) };
    },
    state() {
      const { status: word, why } = health();
      const online = `Serves UDP ${parts.endpoint.port}, ${parts.engine.desk.sessions.size} online`;
      return why === null ? online : `${online}; ${word}: ${why}`;
    },
    close: () => own?.close(),
  };
}
