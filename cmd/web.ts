// Wires the web server to a running server: connects its ports to the engine, the store and the logs. Never answers a
// request itself.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { ServeConfig } from "../lib/config/serve-config.ts";
import { type HeardLog, lastLines, lastOf } from "../lib/io/log/activity-lines.ts";
import { acceptedConnections } from "../lib/io/accepted-connections.ts";
import { openAdminToken } from "../lib/io/secrets/admin-token.ts";
import type { FileLogs } from "../lib/io/log/log-file.ts";
import { inboxMax, type PacketLoop } from "../lib/io/udp/packet-loop.ts";
import type { UdpEndpoint } from "../lib/io/udp/udp-endpoint.ts";
import type { AskResult } from "../lib/server/asks.ts";
import type { OpenCommands } from "../lib/fleet/open-commands.ts";
import type { Roster } from "../lib/fleet/roster.ts";
import type { BridgeState } from "../lib/server/bridge-state.ts";
import type { Engine } from "../lib/server/engine.ts";
import type { Identity } from "../lib/server/identity.ts";
import { hashJobsMax } from "../lib/server/passwords/hash-queue.ts";
import type { Asker } from "../lib/server/rows.ts";
import { OperatingError } from "../lib/operating-error.ts";
import { limits } from "../lib/server/policy.ts";
import type { OpenStore } from "../lib/server/store-care.ts";
import { fingerprint } from "../lib/sealed/fingerprint.ts";
import { loadPages } from "../lib/web/pages.ts";
import type { Gauges, WebPorts } from "../lib/web/ports.ts";
import { WebServer } from "../lib/web/web-server.ts";
import type { RunningAlerts } from "./alerts.ts";
import { commandCalls } from "./command.ts";
import { doorOf, reachedAs } from "./join.ts";
import type { RunningRetention } from "./retention.ts";

/** A store that works this long after a batch that failed has recovered, ms. */
const recoveredMs = 5_000;

/** The parts of a running server that the web server uses. */
export type WebParts = {
  readonly config: ServeConfig;
  readonly identity: Identity;
  readonly version: string;
  readonly engine: Engine;
  readonly loop: PacketLoop;
  readonly store: OpenStore;
  readonly alerts: RunningAlerts;
  readonly roster: Roster;
  readonly openCommands: OpenCommands;
  readonly retention: RunningRetention;
  readonly endpoint: UdpEndpoint;
  readonly logs: FileLogs;
  readonly heard: HeardLog;
  readonly bridge: () => BridgeState | null;
  readonly ask: (
    question: { id: string; code: string; target: string },
    by: Asker,
  ) => Promise<AskResult>;
};

/** A running web server. */
export type RunningWeb = {
  readonly web: WebServer;
  /** The admin token if it was created now, to be shown once; else null. */
  readonly newToken: string | null;
  close(): Promise<void>;
};

/**
 * Starts the web server.
 * @param http the address to listen on; port null: the same number as the UDP port
 * @throws OperatingError if it cannot be started
 */
export async function startWeb(
  parts: WebParts,
  http: { readonly host: string; readonly port: number | null },
): Promise<RunningWeb> {
  const { token, isNew } = openAdminToken(parts.config.db);
  const pages = await loadPages();
  const web = new WebServer({
    host: http.host,
    port: http.port ?? parts.endpoint.port,
    token,
    names: [hostname()],
    proxyNames: parts.config.httpNames,
    trustedProxies: parts.config.trustedProxies,
    publicRead: parts.config.httpPublicRead,
    pages,
    ports: portsOf(parts),
    roster: parts.roster,
  });
  return { web, newToken: isNew ? token : null, close: () => web.close() };
}

function doorCalls({ loop, config, endpoint, identity }: WebParts): WebPorts["door"] {
  return {
    act: doorOf(loop),
    random: (count) => randomBytes(count),
    fingerprint,
    reached: {
      host: reachedAs(config.host),
      port: endpoint.port,
      key: fingerprint(identity.sealing.publicKey),
    },
    sharedIp: config.sharedIp,
  };
}

/** What the web side, and who else tells how the server is, gets from it. */
export function portsOf(parts: WebParts): WebPorts {
  const { reads } = parts.store;
  const { engine, loop, logs, heard, config } = parts;
  const { sessions } = engine.desk;
  const calls = commandCalls(loop);
  return {
    version: parts.version,
    node: engine.desk.nodes.own,
    nodes: () => parts.store.nodes?.list() ?? [],
    now: Date.now,
    uptimeMs: () => performance.now(),
    devicePort: parts.endpoint.port,
    devices: reads,
    reports: reads,
    presence: {
      get: (id) => sessions.get(id),
      all: () => sessions.values(),
    },
    elsewhere: parts.store.elsewhere,
    operator: {
      ask: (id, code, target, by) => parts.ask({ id, code, target }, by),
      label: (id, changes) => loop.label(id, changes),
      remove: async (id) => {
        const result = await loop.remove(id);
        if (result === "storage-failed")
          throw new Error("Nothing was changed; error.log says why.");
        return result === "removed";
      },
    },
    commands: {
      queue: calls.command,
      cancel: calls.cancel,
      current: (row) => engine.desk.commands.find(row.device, row.number)?.row ?? row,
    },
    openCommands: parts.openCommands,
    alerts: parts.alerts,
    door: doorCalls(parts),
    activity: {
      tail: async ({ contains, level, limit }) => {
        await logs.flush();
        const { recent, recentErrors } = logs;
        if (recent !== null) return lastOf(recent, recentErrors, contains, level, limit);
        return lastLines(config.logDir, contains, level, limit);
      },
      listen: (onLine) => heard.listen(onLine),
    },
    gauges: gaugesOf(parts),
    isStoring: () => isStoring(parts),
    loss: () => lossOf(parts),
    damage: () => parts.store.damage,
    retentionHold: () => parts.retention.hold(),
    bridge: parts.bridge,
    connections: acceptedConnections(),
    noteError: (error) => {
      const damaged = parts.store.noteError(error);
      if (damaged) return true;
      if (error instanceof OperatingError) logs.error("-", `${error.message} ${error.nextStep}`);
      else logs.error("-", `the web side failed: ${error.stack ?? error.message}`);
      return false;
    },
  };
}

/**
 * Whether the last batch could be stored. One of several servers that is asked for no more batches, because it is taken for
 * ill, knows from its signs of life that it has recovered: each is written to the store.
 */
function isStoring({ loop, store }: WebParts): boolean {
  const { failedAt } = loop;
  if (failedAt === null) return true;
  return store.nodes !== null && store.nodes.shownAt > failedAt + recoveredMs;
}

/** Why the store cannot be relied on now; null if it can. */
function lossOf({ store }: WebParts): ReturnType<WebPorts["loss"]> {
  const { loss, nodes } = store;
  if (loss !== null) return loss;
  if (nodes === null || performance.now() <= nodes.sureUntil) return null;
  const why = `Node ${nodes.own} could not show for a while that it lives: others may have taken its devices over, so STATUS and QUERY get 93`;
  return { kind: "unsure", why };
}

function gaugesOf({ engine, loop, endpoint, logs, store }: WebParts): () => Gauges {
  const started = newStart();
  const { counters, traffic, sessions, hashQueue, asks } = engine.desk;
  return () => ({
    started: started(),
    counters: { ...counters },
    traffic: traffic.read(),
    commitLatency: loop.commitLatency,
    requestLatency: loop.requestLatency,
    commandTimes: engine.desk.commandTimes,
    packetsWaiting: loop.waiting,
    packetsWaitingMax: inboxMax,
    packetsShed: loop.shed,
    sendsDropped: endpoint.dropped,
    passwords: hashQueue.added,
    passwordsWaiting: hashQueue.size,
    passwordsWaitingMax: hashJobsMax,
    asks: asks.size,
    asksMax: limits.asks,
    logLinesLost: logs.lost,
    sessions: sessions.size,
    sealedSessions: sessions.sealed,
    contestedIds: engine.desk.contests.ids(engine.desk.uptimeMs),
    size: store.size(),
  });
}

/** Returns when the process started, by the wall clock as it is set now; constant until that is set. */
function newStart(): () => number {
  let started = 0;
  return () => {
    const now = Date.now() - performance.now();
    if (Math.abs(now - started) > 1_000) started = Math.round(now);
    return started;
  };
}
