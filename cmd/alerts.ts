// The alerts of a running server: wires the runner to the store, the feed and the network, and lets it work every second.

import {
  type AlertOperations,
  callOperation,
  operationsOn,
} from "../lib/alerts/alert-operations.ts";
import { AlertDesk } from "../lib/alerts/alert-desk.ts";
import type { AlertPorts } from "../lib/alerts/alert-ports.ts";
import { AlertRunner, type AlertStatus } from "../lib/alerts/alert-runner.ts";
import { type Firing, firingStored } from "../lib/alerts/firing.ts";
import type { OpenCommands } from "../lib/fleet/open-commands.ts";
import type { Roster } from "../lib/fleet/roster.ts";
import { selectableOf } from "../lib/fleet/presence-of.ts";
import { httpPost } from "../lib/io/http-post.ts";
import type { FileLogs } from "../lib/io/log/log-file.ts";
import type { DoorAction, DoorResult } from "../lib/server/door/door-action.ts";
import type { Feed } from "../lib/server/feed.ts";
import type { CommandRow } from "../lib/server/rows.ts";
import type { Soon } from "../lib/server/soon.ts";
import type { OpenStore } from "../lib/server/store-care.ts";

const tickMs = 1_000;
const countedMax = 1_000;
const firesMax = 5_000;
/** A trouble of the store is logged this often at most, ms. */
const troubleEveryMs = 60_000;

export type AlertParts = {
  readonly version: string;
  readonly store: OpenStore;
  readonly roster: Roster;
  readonly engine: { readonly feed: Feed };
  /** What becomes of commands, also at other servers. */
  readonly openCommands: OpenCommands;
  readonly door: (action: DoorAction) => Promise<DoorResult>;
  readonly logs: FileLogs;
  /** The address of the dashboard; null if there is none. */
  readonly url: () => string | null;
};

/** The running alerts. */
export type RunningAlerts = {
  readonly runner: AlertRunner;
  /** How those of this server are doing. */
  status(): AlertStatus;
  /** How many fire, at whichever server of the store leads. */
  firing(): Soon<number>;
  /** Those that fire; of another server's the newest, as they are stored. */
  fires(): Soon<readonly Firing[]>;
  readonly operations: AlertOperations;
  /** An operation that another process asks for. */
  call(name: string, args: readonly unknown[]): Promise<unknown>;
  close(): void;
};

const bothClocks = () => ({ wall: Date.now(), monotonic: performance.now() });

/** Starts the alerts. A trouble of theirs is logged; it costs no device anything. */
export function startAlerts(parts: AlertParts): RunningAlerts {
  const { logs } = parts;
  const ports = portsOf(parts);
  const runner = new AlertRunner(ports, performance.now());
  let running: Promise<void> | null = null;
  let toldAt = Number.NEGATIVE_INFINITY;
  const work = async () => {
    try {
      await runner.tick();
    } catch (error) {
      // The next tick tries again; a store that is away is told of where batches fail.
      if (performance.now() - toldAt < troubleEveryMs || parts.store.loss !== null) return;
      toldAt = performance.now();
      logs.error("-", `alerts: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const tick = () => (running ??= work().finally(() => (running = null)));
  // A rule that was made holds for the next report.
  const apply = async () => {
    runner.refresh();
    await running;
    await tick();
  };
  const desk = new AlertDesk(ports.store, apply, ports.now);
  const operations = operationsOn(desk, ports, () => runner.ends);
  const timer = setInterval(() => void tick(), tickMs);
  return {
    runner,
    operations,
    status: () => runner.status,
    firing: () => countFiring(runner, ports),
    fires: () => (runner.status.leads ? runner.firing : storedFiring(desk)),
    call: (name, args) => callOperation(operations, name, args),
    close() {
      clearInterval(timer);
      runner.close();
    },
  };
}

/** Of another server's alerts the newest are counted, as they are stored. */
async function countStored({ store }: AlertPorts): Promise<number> {
  const newest = { rule: null, device: null, before: Number.MAX_SAFE_INTEGER, limit: countedMax };
  return (await store.alerts({ state: "firing", ...newest })).length;
}

async function storedFiring(desk: AlertDesk): Promise<readonly Firing[]> {
  const newest = { rule: null, device: null, before: Number.MAX_SAFE_INTEGER, limit: firesMax };
  const rows = await desk.store.alerts({ state: "firing", ...newest });
  return firingStored(rows, (await desk.settings()).rules);
}

function countFiring(runner: AlertRunner, ports: AlertPorts): Soon<number> {
  const { leads, firing } = runner.status;
  return leads ? firing.reduce((sum, { count }) => sum + count, 0) : countStored(ports);
}

/** Who waits to be let in; null while the store does not tell. */
async function waitingAt(door: AlertParts["door"]): Promise<readonly string[] | null> {
  const found = await door({ what: "look" });
  if (found.kind !== "door") return null;
  return found.pending.filter(({ state }) => state === "waiting").map(({ id }) => id);
}

function latestEnded({ reads }: OpenStore, limit: number): Soon<readonly CommandRow[]> {
  return reads.commands({ device: null, state: "ended", before: Number.MAX_SAFE_INTEGER, limit });
}

function portsOf(parts: AlertParts): AlertPorts {
  const { version, store, roster, engine, logs, url, openCommands: commands, door } = parts;
  return {
    store: store.alerts,
    fleet: {
      get: (id) => {
        const entry = roster.get(id);
        return entry === undefined ? undefined : selectableOf(entry);
      },
      all: () => roster.selectables(),
      load: () => roster.load(),
      listen: (onChange) => roster.listen(onChange),
    },
    reports: store.reads,
    subscribe: (onFacts, withReports) => engine.feed.subscribe(onFacts, withReports),
    elsewhere: store.elsewhere,
    waiting: () => waitingAt(door),
    commands: {
      load: () => commands.load(),
      listen: (onChange) => commands.listen(onChange),
      latestEnded: store.elsewhere === null ? null : (limit) => latestEnded(store, limit),
    },
    post: httpPost(version),
    now: bothClocks,
    sender: {
      get url() {
        return url() ?? "";
      },
    },
    onTrouble: (words) => logs.error("-", words),
  };
}
