// A bridge with a fleet, a broker and a clock in memory. Time moves only when a test moves it.

import type { LiveSession } from "../../lib/fleet/live-session.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import { Bridge } from "../../lib/mqtt/bridge.ts";
import type { BridgePorts } from "../../lib/mqtt/bridge-ports.ts";
import type { DoorAction, DoorNow } from "../../lib/server/door/door-action.ts";
import type { Fact } from "../../lib/server/feed.ts";
import { noLabels } from "../../lib/server/labels.ts";
import type { DeviceRow, ReportRow, RosterRow } from "../../lib/server/rows.ts";
import { liveSession, noDevices, rosterRow } from "../web/fake-ports.ts";
import { FakeBroker } from "./fake-broker.ts";

export const tickMs = 50;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class BridgeBench {
  readonly broker = new FakeBroker();
  readonly lines: string[] = [];
  readonly sessions = new Map<string, LiveSession>();
  readonly latest = new Map<string, ReportRow>();
  readonly facts = new Map<string, DeviceRow>();
  readonly #rows: RosterRow[] = [];
  readonly roster: Roster;
  readonly bridge: Bridge;
  now = 1_000;
  sequence = 0;
  /** How far the wall clock is from the other one, ms. */
  skewMs = 0;
  /** How the door is when it is looked at. */
  readonly door: Mutable<Pick<DoorNow, "window" | "pending" | "join">> = {
    window: null,
    pending: [],
    join: "approve",
  };
  readonly doorActions: DoorAction[] = [];
  /** Ids of each read of the store. */
  readonly reads: (readonly string[])[] = [];
  /** What the reads throw, if anything. */
  storeFailure: Error | null = null;

  constructor(changes: Partial<BridgePorts> = {}, ids: readonly string[] = []) {
    for (const id of ids) {
      this.#rows.push(rosterRow(id));
      this.facts.set(id, deviceRow(id));
    }
    this.#rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    const roster = (after: string, limit: number) =>
      this.#rows.filter(({ id }) => id > after).slice(0, limit);
    const presence = { get: (id: string) => this.sessions.get(id) };
    this.roster = new Roster({ ...noDevices, roster }, presence);
    this.bridge = new Bridge({
      place: { base: "iot", discovery: "homeassistant", server: "7ec3b79f" },
      origin: { version: "1.1.0", url: null },
      broker: this.broker,
      roster: this.roster,
      presence,
      reads: {
        factsOf: (asked) => {
          if (this.storeFailure !== null) throw this.storeFailure;
          this.reads.push(asked);
          return asked.map((id) => this.facts.get(id) ?? null);
        },
        latestOf: (asked) => asked.map((id) => this.latest.get(id) ?? null),
      },
      ask: null,
      command: null,
      join: null,
      door: async (action) => {
        this.doorActions.push(action);
        const { window, pending } = this.door;
        const leftMs = Math.max(0, (window?.until ?? 0) - this.now);
        return { kind: "door", window, pending, tokens: [], leftMs, join: this.door.join };
      },
      breathe: async () => {},
      now: () => this.now + this.skewMs,
      uptimeMs: () => this.now,
      random: () => 0.5,
      note: (words) => this.lines.push(words),
      ...changes,
    });
  }

  /** Loads the fleet, begins, and lets time pass until all is told. */
  async started(): Promise<this> {
    await this.roster.load();
    this.bridge.begin();
    await this.pass(10_000);
    return this;
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end;) {
      this.now += Math.min(tickMs, end - this.now);
      this.bridge.tick();
      await settled();
    }
  }

  take(...facts: Fact[]): void {
    this.roster.take(facts);
    this.bridge.takeFacts(facts);
  }

  register(id: string): void {
    this.facts.set(id, deviceRow(id));
    this.take({ kind: "registered", id, at: 0 });
  }

  remove(id: string): void {
    this.facts.delete(id);
    this.take({ kind: "removed", id, at: 0 });
  }

  logIn(id: string, session: Partial<LiveSession> = {}): void {
    const row = session.row ?? ++this.sequence;
    this.sessions.set(id, liveSession(id, { row, ...session }));
    this.take({ kind: "logged-in", id, session: row, at: 0 });
  }

  fallSilent(id: string): void {
    const session = this.sessions.get(id)?.row ?? 0;
    this.sessions.delete(id);
    this.take({ kind: "ended", id, session, reason: "offline", lastSeen: 0, at: 0 });
  }

  report(id: string, message: string): void {
    const row = reportRow(id, ++this.sequence, message);
    this.latest.set(id, row);
    this.take({ kind: "reported", sequences: [row.sequence], reports: [row] });
  }

  label(id: string, labels: Readonly<Record<string, string>>): void {
    const now = new Map(Object.entries(labels));
    this.take({ kind: "labelled", id, labels: now.size === 0 ? noLabels : now, isOwn: true });
  }
}

/** All that was to be done at once is done. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

export function reportRow(id: string, sequence: number, message: string): ReportRow {
  return { device: id, sequence, time: "t", received: 1_000, at: 1_000, code: "01", message };
}

function deviceRow(id: string): DeviceRow {
  const mac = "52:54:00:12:34:56";
  const rest = { registered: 0, repeats: 0, sealedKey: null, textLocked: false };
  return { id, mac, ip: "127.0.0.1", port: 1, ...rest };
}
