// The store that the simulated nodes have in common, as a database on the network is: the rows, and the signs of life by
// which the batches of each node are fenced. Has no latency and knows no engine.

import { missedHeartbeats } from "../../../lib/protocol/limits.ts";
import { noLabels } from "../../../lib/server/labels.ts";
import type { PlacedRow } from "../../../lib/server/nodes.ts";
import type { SessionRow } from "../../../lib/server/rows.ts";
import type {
  ReportStep,
  ReportStored,
  Rule,
  Step,
  StepResult,
} from "../../../lib/server/store-port.ts";
import { MemoryStore } from "../../../lib/store/memory/memory-store.ts";
import type { Timeline } from "../timeline.ts";

/** As in lib/store/postgres/nodes: for how long a sign of life counts, and how many sessions are ended at once. */
const aliveMs = 10_000;
const sureMs = 8_000;
const endedAtOnce = 200;

/** A batch of a node that gave no sign of life for too long. */
export class Fenced extends Error {}

type Sign = { epoch: number; seen: number; since: number };

/** Observes what is committed. */
export type CommitObserver = {
  onReport(step: ReportStep, stored: ReportStored): void;
  /** Sessions may have changed. @param isLost whether they were those of a node that is gone */
  onSessions(node: string, isLost: boolean): void;
};

export class Database {
  /** Until when nobody reaches it. */
  downUntil = 0;
  readonly #all = new MemoryStore();
  readonly #stores = new Map<string, MemoryStore>();
  readonly #signs = new Map<string, Sign>();
  #epochs = 0;

  constructor(
    private readonly timeline: Timeline,
    private readonly observer: CommitObserver,
  ) {}

  get rows(): MemoryStore["rows"] {
    return this.#all.rows;
  }

  get reports(): MemoryStore["reports"] {
    return this.#all.reports;
  }

  /** A process begins to be the node of this name; batches of an earlier one are refused from now on. */
  claim(node: string): number {
    const { now } = this.timeline;
    this.#signs.set(node, { epoch: ++this.#epochs, seen: now, since: now });
    return this.#epochs;
  }

  /** The open sessions of a node, as it loads them when it starts. */
  openSessions(node: string): SessionRow[] {
    return this.#storeOf(node).openSessions();
  }

  /**
   * Gives a sign of life; `lapsed`: the one before did not count any more; `others`: the other processes that live.
   * null: another process has the name.
   */
  renew(node: string, epoch: number): { readonly lapsed: boolean; readonly others: string } | null {
    const sign = this.#signs.get(node);
    if (sign?.epoch !== epoch) return null;
    const { now } = this.timeline;
    const lapsed = !this.#lives(sign);
    if (lapsed) sign.since = now;
    sign.seen = now;
    const others = [...this.#signs].filter(([name, other]) => name !== node && this.#lives(other));
    return {
      lapsed,
      others: others
        .map(([name, other]) => `${name} ${other.epoch}`)
        .sort()
        .join(),
    };
  }

  /** Carries out a batch. @throws Fenced */
  apply(node: string, epoch: number, steps: readonly Step[]): readonly StepResult[] {
    const sign = this.#signs.get(node);
    if (sign?.epoch !== epoch || !this.#lives(sign))
      throw new Fenced(`${node} is not known to live`);
    const results = this.#storeOf(node).apply(steps);
    for (const [i, step] of steps.entries()) {
      if (step.kind === "report") this.observer.onReport(step, results[i] as ReportStored);
    }
    if (steps.some(({ kind }) => kind === "rule")) this.observer.onSessions(node, false);
    return results;
  }

  /** As `endLostSessions` of PostgreSQL. */
  endLost(node: string, epoch: number, silenceMs: number, at: number): SessionRow[] {
    const own = this.#signs.get(node);
    if (own?.epoch !== epoch || !this.#lives(own)) return [];
    const { now } = this.timeline;
    const lost = [...this.rows.sessions.values()].filter((row) => {
      const sign = this.#signs.get(row.node);
      if (row.ended !== null || row.node === node || (sign !== undefined && this.#lives(sign)))
        return false;
      const mostMs =
        row.everySeconds === null ? silenceMs : row.everySeconds * missedHeartbeats * 1_000;
      const seen = (sign?.seen ?? 0) + sureMs;
      return now - Math.max(seen, sign?.since ?? 0, own.since) > mostMs;
    });
    const some = lost.slice(0, endedAtOnce);
    this.#storeOf(node).apply(some.map((row) => ending(row, at)));
    if (some.length > 0) this.observer.onSessions(node, true);
    return some.map(({ session }) => this.rows.sessions.get(session) as SessionRow);
  }

  /** Devices with their latest session; null for each that is not registered. */
  placed(ids: readonly string[]): Map<string, PlacedRow | null> {
    return new Map(ids.map((id) => [id, this.#placed(id)]));
  }

  /** Whether a node gave a sign of life lately. */
  lives(node: string): boolean {
    const sign = this.#signs.get(node);
    return sign !== undefined && this.#lives(sign);
  }

  #placed(id: string): PlacedRow | null {
    const device = this.rows.devices.get(id);
    if (device === undefined) return null;
    const never = { session: 0, started: 0, lastSeen: 0, ended: null, reason: null, node: "" };
    const { session, started, lastSeen, ended, reason, node } =
      this.rows.currentSession(device) ?? never;
    const openCommands = this.rows.commands.numbersOf(id);
    return { id, labels: noLabels, session, started, lastSeen, ended, reason, node, openCommands };
  }

  #lives({ seen }: Sign): boolean {
    return this.timeline.now - seen < aliveMs;
  }

  #storeOf(node: string): MemoryStore {
    const store = this.#stores.get(node) ?? new MemoryStore(node, this.#all);
    this.#stores.set(node, store);
    return store;
  }
}

function ending({ session, lastSeen, device }: SessionRow, at: number): Rule<null> {
  const end = { kind: "end-session", session, reason: "offline", lastSeen, at } as const;
  return { kind: "rule", keys: { device }, decide: () => ({ outcome: null, writes: [end] }) };
}
