// Fakes of the ports that the web side needs: empty ones, and those of a roster and of reports in arrays.

import { OpenCommands } from "../../lib/fleet/open-commands.ts";
import { newCounters } from "../../lib/server/counters.ts";
import { Histogram } from "../../lib/server/histogram.ts";
import type { LiveSession } from "../../lib/fleet/live-session.ts";
import type { Gauges, WebPorts } from "../../lib/web/ports.ts";
import { noLabels } from "../../lib/server/labels.ts";
import type { CommandRow, ReportRow, RosterRow } from "../../lib/server/rows.ts";
import type { DeviceReads, ReportRange, ReportReads, Scan } from "../../lib/server/store-reads.ts";

/** The reads of a store without devices. */
export const noDevices: DeviceReads = {
  roster: () => [],
  facts: () => null,
  factsOf: (ids) => ids.map(() => null),
  sessions: () => [],
  sessionsOf: (ids) => ids.map(() => []),
  questions: () => [],
  commands: () => [],
  command: () => null,
};

/** The ports of a server without devices. */
export function fakePorts(changes: Partial<WebPorts> = {}): WebPorts {
  return {
    version: "1.2.3",
    node: "",
    nodes: () => [],
    now: () => 1_000_000,
    uptimeMs: () => 1_000,
    devicePort: 9,
    devices: noDevices,
    reports: reportsOf([]),
    presence: { get: () => undefined, all: () => [][Symbol.iterator]() },
    elsewhere: null,
    operator: {
      ask: async () => ({ kind: "unknown" }),
      remove: async () => false,
      label: async () => ({ kind: "unknown" }),
    },
    commands: {
      queue: async () => ({ kind: "unknown-device" }),
      cancel: async () => ({ kind: "unknown-command" }),
      current: (row) => row,
    },
    openCommands: new OpenCommands(noDevices),
    alerts: fakeAlerts(),
    door: {
      act: async () => ({ kind: "storage-failed" }),
      random: (count) => new Uint8Array(count),
      fingerprint: () => "SHA256:",
      reached: { host: "h", port: 9, key: null },
      sharedIp: false,
    },
    activity: { tail: async () => [], listen: () => () => {} },
    gauges: () => fakeGauges(),
    isStoring: () => true,
    loss: () => null,
    damage: () => null,
    retentionHold: () => null,
    bridge: () => null,
    connections: { open: () => [], close: () => {} },
    noteError: () => false,
    ...changes,
  };
}

/** Alerts of a server that has none. */
export function fakeAlerts(): WebPorts["alerts"] {
  const none = async () => [];
  const refuse = () => Promise.reject(new Error("no alerts here"));
  return {
    operations: {
      rules: none,
      destinations: none,
      mutes: none,
      alerts: none,
      putRule: refuse,
      putDestination: refuse,
      mute: refuse,
      remove: async () => false,
      test: refuse,
    },
    firing: () => 0,
    fires: () => [],
    status: () => ({ leads: true, firing: [], waiting: 0, dropped: 0, refused: 0, failing: [] }),
  };
}

export function fakeGauges(changes: Partial<Gauges> = {}): Gauges {
  const histogram = new Histogram();
  return {
    started: 0,
    counters: newCounters(),
    traffic: [],
    commitLatency: histogram,
    requestLatency: histogram,
    commandTimes: histogram,
    packetsWaiting: 0,
    packetsWaitingMax: 1,
    packetsShed: 0,
    sendsDropped: 0,
    passwords: 0,
    passwordsWaiting: 0,
    passwordsWaitingMax: 1,
    asks: 0,
    asksMax: 1,
    logLinesLost: 0,
    sessions: 0,
    sealedSessions: 0,
    contestedIds: [],
    size: { bytes: 0, logBytes: 0, logGrows: null },
    ...changes,
  };
}

/** A source of the given reports, which are in the order of their numbers, from 1 on without gaps. */
export function reportsOf(reports: readonly ReportRow[]) {
  const scan = (
    id: string | null,
    { low, high, from = -Infinity, to = Infinity }: ReportRange,
    newestFirst: boolean,
  ) => {
    const rows = reports.filter(
      ({ sequence, device, at }) =>
        sequence >= low &&
        sequence < high &&
        (id === null || id === device) &&
        at >= from &&
        at <= to,
    );
    if (newestFirst) rows.reverse();
    let next = 0;
    return {
      next: (limit: number) => rows.slice(next, (next += limit)),
      get done() {
        return next >= rows.length;
      },
    } satisfies Scan<ReportRow>;
  };
  const timesAt = (_: string, base: number, places: Uint16Array) =>
    Float64Array.from(places, (place) => reports[base + place - 1]?.at ?? Number.NaN);
  return {
    chunks: (from, to) => {
      const some = (low: number) => reports.slice(Math.max(0, low - 1), low + 65_535);
      return Array.from({ length: Math.ceil((reports.length + 1) / 65_536) }, (_, number) => {
        const rows = some(number * 65_536);
        const isOrdered = rows.every(({ at }, i) => i === 0 || at >= (rows[i - 1]?.at ?? 0));
        const isIn = rows.some(({ at }) => at >= from && at <= to);
        return isIn ? [{ number, isOrdered, revision: 0 }] : [];
      }).flat();
    },
    timesAt,
    firstsFrom: (id, base, places, times) => {
      const own = timesAt(id, base, places);
      const firstFrom = (time: number) => own.findIndex((at) => at >= time);
      return Array.from(times, (time) => (firstFrom(time) + own.length + 1) % (own.length + 1));
    },
    end: () => reports.length + 1,
    first: () => 1,
    count: () => reports.length,
    isShared: () => false,
    reportsAt: (sequences) => sequences.map((sequence) => reports[sequence - 1] ?? null),
    latestOf: (ids) => ids.map((id) => reports.findLast(({ device }) => device === id) ?? null),
    scan: (id, range, order) => scan(id, range, order === "newest"),
    messages: (id, low, high) => {
      const rows = scan(id, { low, high }, false);
      return {
        next: (limit) => {
          const base = low;
          const taken = rows.next(limit);
          return {
            base,
            places: Uint16Array.from(taken, ({ sequence }) => sequence - base),
            bytes: Buffer.from(taken.map(({ message }) => `${message}\x1f`).join("")),
          };
        },
        get done() {
          return rows.done;
        },
      };
    },
  } satisfies ReportReads;
}

export function reportOf(sequence: number, device: string, received: number, message: string) {
  return { sequence, device, time: "1", received, at: received, code: "01", message };
}

export function liveSession(id: string, changes: Partial<LiveSession> = {}): LiveSession {
  const source = { ip: "127.0.0.1", port: 1 };
  return {
    row: 1,
    id,
    openedAt: 0,
    source,
    lastSeen: 0,
    everySeconds: null,
    lastReport: 0,
    sealed: false,
    ...changes,
  };
}

export function rosterRow(id: string, changes: Partial<RosterRow> = {}): RosterRow {
  const never = { session: 0, started: 0, lastSeen: 0, ended: null, reason: null };
  return { id, labels: noLabels, ...never, ...changes };
}

/** A command that is queued. */
export function commandRow(
  number: number,
  device: string,
  changes: Partial<CommandRow> = {},
): CommandRow {
  return {
    number,
    device,
    macKey: "aabbcc000001",
    message: "set relay=on",
    origin: "api",
    request: null,
    created: 1_000,
    expires: 86_401_000,
    due: 86_400_000,
    sendings: 0,
    sent: null,
    delivered: null,
    ended: null,
    end: null,
    code: null,
    result: null,
    late: false,
    ...changes,
  };
}
