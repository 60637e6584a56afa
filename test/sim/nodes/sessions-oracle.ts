// What holds for the sessions of several nodes, judged by the rows and by what the nodes do: one is open for each device, none
// ends for silence while a node hears it, each such end is told once, and no node goes on with one that is not its own.

import { ack } from "../../../lib/protocol/codes.ts";
import { missedHeartbeats, offlineAfterMs } from "../../../lib/protocol/limits.ts";
import type { Fact } from "../../../lib/server/feed.ts";
import type { SessionRow } from "../../../lib/server/rows.ts";
import type { Session } from "../../../lib/server/sessions/session.ts";
import type { Timeline } from "../timeline.ts";
import { hold } from "../violation.ts";
import type { Database } from "./database.ts";
import type { EngineNode } from "./engine-node.ts";

/** Tolerance of a silence, ms: ticks come four times a second, the sweep takes one or two, a turn and a query take some ms. */
const slackMs = 1_500;
/** How long a node may go on with a session that is not its own any more, ms: its lease, and how long queries take. */
const staleMs = 14_000;

/** How the line begins that notes a STATUS. */
const noted = `${ack.statusNoted} `;

type Known = {
  node: string;
  /** When it went to its present node, ms. */
  movedAt: number;
  endedAt: number | null;
  /** The node that ended it. */
  endedBy: string;
  /** When a node that had it last heard it, ms. */
  heardAt: number;
  /** The shortest interval that it stated, s; null for none. */
  shortest: number | null;
  /** The nodes that told its end for silence. */
  readonly told: string[];
  /** Its end may be untold: whoever ended it crashed, or never learned it. */
  untold: boolean;
};

export class SessionsOracle {
  readonly counts = { opened: 0, moved: 0, offline: 0, endedForOthers: 0, stale: 0 };
  readonly #known = new Map<number, Known>();

  /**
   * @param skewOf how far a node's wall clock is ahead, ms
   * @param isTold whether the nodes tell each other what they do
   */
  constructor(
    private readonly timeline: Timeline,
    private readonly database: () => Database,
    private readonly skewOf: (node: string) => number,
    private readonly isTold: boolean,
  ) {}

  /** A node has committed changes of sessions. @param isLost whether they were those of a node that is gone */
  onSessions(node: string, isLost: boolean): void {
    const { now } = this.timeline;
    const open = new Set<string>();
    for (const row of this.database().rows.sessions.values()) {
      const known = this.#known.get(row.session) ?? this.#open(row);
      if (known.node !== row.node) {
        [known.node, known.movedAt] = [row.node, now];
        this.counts.moved++;
      }
      if (row.ended !== null && known.endedAt === null) {
        [known.endedAt, known.endedBy] = [now, node];
        if (row.reason === "offline") this.#checkSilence(row, known, node, isLost);
      }
      if (row.ended !== null) continue;
      hold(!open.has(row.device), () => `${row.device} has two sessions`);
      open.add(row.device);
    }
  }

  /** A node accepts a packet of a session. @param isSure whether it may answer from its memory */
  onHeard(node: string, session: Session, isSure: boolean): void {
    const known = this.#known.get(session.row);
    hold(
      known !== undefined,
      () => `${session.id} has session ${session.row}, which is not stored`,
    );
    // What a node hears that has it no more is another affair: see `onStatus`.
    if (!isSure || known.node !== node) return;
    known.heardAt = this.timeline.now;
    noteInterval(known, session);
  }

  /** A node writes a line: it acknowledges a STATUS, perhaps. */
  onLogLine({ name, engine }: EngineNode, words: string): void {
    if (!words.startsWith(noted)) return;
    const id = words.slice(noted.length);
    const session = engine?.desk.sessions.get(id);
    hold(session !== undefined, () => `${name} notes a STATUS of ${id} without a session`);
    const known = this.#known.get(session.row) as Known;
    const { endedAt, node, movedAt } = known;
    noteInterval(known, session);
    if (endedAt === null && node === name) return;
    this.counts.stale++;
    const ms = this.timeline.now - (endedAt ?? movedAt);
    const what = endedAt === null ? `node ${node} has had for` : "has been over for";
    hold(ms <= staleMs || !this.isTold, () => {
      return `${name} notes a STATUS of ${id}, whose session ${session.row} ${what} ${ms} ms`;
    });
  }

  /** A node tells what it has committed. */
  onFacts(node: string, facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind !== "ended" || fact.reason !== "offline") continue;
      const known = this.#known.get(fact.session);
      const row = this.database().rows.sessions.get(fact.session);
      hold(
        row?.reason === "offline",
        () => `${node} tells that ${fact.id} went offline: ${row?.reason}`,
      );
      known?.told.push(node);
      hold(
        known?.told.length === 1,
        () => `${known?.told.join(" and ")} tell the end of ${fact.id}`,
      );
    }
  }

  /** A node crashes: what it committed and did not tell yet, it never tells. */
  onCrash(node: string): void {
    for (const known of this.#known.values()) {
      if (known.endedBy === node && known.told.length === 0) known.untold = true;
    }
  }

  /** What a node has ended, and will never know. */
  onUntold(rows: readonly SessionRow[]): void {
    for (const { session } of rows) (this.#known.get(session) as Known).untold = true;
  }

  /** Checks that each end for silence was told. */
  checkTold(): void {
    for (const { session, device, reason } of this.database().rows.sessions.values()) {
      const { told, untold, endedBy } = this.#known.get(session) as Known;
      if (reason !== "offline") continue;
      hold(told.length === 1 || untold, () => {
        return `nobody told that session ${session} of ${device} went offline, which ${endedBy} ended`;
      });
    }
  }

  /** Checks that the memory of a node has the open sessions that are its own, and no others. */
  checkMemory({ name, engine }: EngineNode): void {
    if (engine === null) return;
    const rows = [...this.database().rows.sessions.values()];
    const own = rows.filter(({ node, ended }) => node === name && ended === null);
    const numbers = new Set(own.map(({ session }) => session));
    const stored = listOf(own.map(({ device, session }) => `${device}:${session}`));
    // What nobody tells it learns when its device is heard, or is silent for too long.
    const sessions = [...engine.desk.sessions.values()].filter(
      ({ row }) => this.isTold || numbers.has(row),
    );
    const held = listOf(sessions.map(({ id, row }) => `${id}:${row}`));
    hold(held === stored, () => `${name} has in memory: ${held}; in the store: ${stored}`);
  }

  #open({ session, node, device }: SessionRow): Known {
    const { now } = this.timeline;
    const known: Known = {
      node,
      movedAt: now,
      endedAt: null,
      endedBy: "",
      heardAt: now,
      shortest: null,
      told: [],
      untold: false,
    };
    this.#known.set(session, known);
    this.counts.opened++;
    hold(device !== "", () => `session ${session} has no device`);
    return known;
  }

  #checkSilence({ device, ended }: SessionRow, known: Known, node: string, isLost: boolean): void {
    if (isLost) this.counts.endedForOthers++;
    else this.counts.offline++;
    const { now } = this.timeline;
    // A node decides when it looks, and stores it later.
    const decidedAt = isLost ? now : (ended as number) - this.skewOf(node);
    const silentMs = decidedAt - known.heardAt;
    const { shortest } = known;
    const leastMs = shortest === null ? offlineAfterMs : shortest * missedHeartbeats * 1_000;
    hold(silentMs > leastMs - slackMs, () => {
      const who = isLost ? `${node}, for ${known.node} that is gone` : node;
      return `${device} went offline after ${silentMs} ms of silence, by ${who}`;
    });
  }
}

function noteInterval(known: Known, { everySeconds }: Session): void {
  if (everySeconds !== null) known.shortest = Math.min(known.shortest ?? Infinity, everySeconds);
}

function listOf(things: readonly string[]): string {
  return things.toSorted().join(" ");
}
