// A server on the bench that is one of several on a common store: what it asks the store to compare is noted, and what other
// servers did is told when the test says so. A batch can lose its answer.

import type { Fact } from "../../lib/server/feed.ts";
import { noLabels } from "../../lib/server/labels.ts";
import type { Nodes, PlacedRow, Relayed } from "../../lib/server/nodes.ts";
import { StoreFailure } from "../../lib/server/store-failure.ts";
import type { Step, StepResult, Store } from "../../lib/server/store-port.ts";
import { LaneStore } from "./lane-store.ts";
import { ScriptedStore } from "./scripted-store.ts";
import { ServerBench } from "./server-bench.ts";

/** What a server asks of the other nodes. */
export class NotedNodes implements Nodes {
  sureUntil = Infinity;
  /** The devices to compare, in the order they were asked for. */
  readonly compared: string[] = [];
  readonly relayed: Relayed[] = [];

  constructor(readonly own: string) {}

  compare(ids: readonly string[]): void {
    this.compared.push(...ids);
  }

  relay(_node: string, relayed: Relayed): void {
    this.relayed.push(relayed);
  }
}

/** A store that stores, and loses the answer if the test says so. */
class LossyStore implements Store {
  isLosing = false;

  constructor(private readonly rows: ScriptedStore) {}

  apply(steps: readonly Step[]): readonly StepResult[] {
    const results = this.rows.apply(steps);
    if (this.isLosing) throw new StoreFailure("unknown", "the answer is lost");
    return results;
  }

  housekeep(): void {}
}

/** One of several servers. */
export class NodeBench {
  readonly nodes: NotedNodes;
  readonly rows: ScriptedStore;
  readonly bench: ServerBench;
  /** Ends each batch when the test says so, if it is `isSlow`. */
  readonly lane: LaneStore;
  /** What it has told. */
  readonly facts: Fact[] = [];
  readonly #lossy: LossyStore;

  /**
   * @param beside another server of the same store
   * @param isHeld whether its batches go through `lane`
   */
  constructor(name: string, beside: NodeBench | null = null, isHeld = false) {
    this.nodes = new NotedNodes(name);
    this.rows = new ScriptedStore(name, beside?.rows ?? null);
    this.lane = new LaneStore(1, this.rows);
    this.#lossy = new LossyStore(this.rows);
    const driven = isHeld ? this.lane : this.#lossy;
    this.bench = new ServerBench(this.rows, this.rows.openSessions(), driven, this.nodes);
    this.bench.engine.feed.subscribe((facts) => this.facts.push(...facts));
  }

  /** Whether the answers to its batches are lost. */
  set isLosing(isLosing: boolean) {
    this.#lossy.isLosing = isLosing;
  }

  /** The session of a device in memory. */
  session(id: string) {
    return this.bench.engine.desk.sessions.get(id);
  }

  /** Looks how a device is in the store, and carries out what follows. */
  look(id: string): void {
    const { bench } = this;
    bench.engine.elsewhere.noteChanged(new Map([[id, this.placed(id)]]), bench.moment);
    bench.turn();
  }

  /** A device as the store has it; null if it is not registered. */
  placed(id: string): PlacedRow | null {
    const device = this.rows.rows.devices.get(id);
    if (device === undefined) return null;
    const never = { session: 0, started: 0, lastSeen: 0, ended: null, reason: null, node: "" };
    const row = this.rows.rows.currentSession(device) ?? never;
    const { session, started, lastSeen, ended, reason, node } = row;
    const openCommands = this.rows.rows.commands.numbersOf(id);
    return { id, labels: noLabels, session, started, lastSeen, ended, reason, node, openCommands };
  }

  /** How often it told that a session of a device went offline. */
  offlines(id: string): number {
    const isOffline = (fact: Fact) =>
      fact.kind === "ended" && fact.reason === "offline" && fact.id === id;
    return this.facts.filter(isOffline).length;
  }
}
