// One simulated server of several: the real turn and engine on the common store, joined to the others as cmd/nodes.ts joins
// them. It crashes, is paused, and starts again with what is stored.

import { joinNodes } from "../../../cmd/nodes.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import type { AskResult } from "../../../lib/server/asks.ts";
import { Engine } from "../../../lib/server/engine.ts";
import type { Fact } from "../../../lib/server/feed.ts";
import type { Identity } from "../../../lib/server/identity.ts";
import type { Moment } from "../../../lib/server/moment.ts";
import type { NodeQuestion } from "../../../lib/server/nodes.ts";
import type { HashJob } from "../../../lib/server/passwords/hash-queue.ts";
import type { SessionRow } from "../../../lib/server/rows.ts";
import type { Session } from "../../../lib/server/sessions/session.ts";
import type { Failing } from "../../../lib/server/store-failure.ts";
import { type Arrival, Turn } from "../../../lib/server/turn.ts";
import { defaultPolicy } from "../../server/default-policy.ts";
import type { Stream } from "../random.ts";
import { fakeHash } from "../server-parts.ts";
import type { Timeline } from "../timeline.ts";
import { Life } from "./life.ts";
import type { Line } from "./line.ts";
import { NodeStore } from "./node-store.ts";
import type { Post } from "./post.ts";
import { SimNodes } from "./sim-nodes.ts";

/** Where a node can crash: between turns, with a batch taken, or with a batch stored and no reply sent. */
export type CrashPoint = "idle" | "taken" | "stored";

/** Observes what a node does. */
export type NodeObserver = {
  /** A packet of a session was accepted. */
  onHeard(session: Session): void;
  onFacts(facts: readonly Fact[]): void;
  onHash(job: HashJob): void;
  /** The engine writes a line: what it answers, among others. */
  onLogLine(words: string): void;
  onCrash(): void;
  /** It has ended sessions of a node that is gone, and never learned it. */
  onUntold(sessions: readonly SessionRow[]): void;
};

export type EngineNodeParts = {
  readonly name: string;
  readonly address: Address;
  readonly timeline: Timeline;
  /** Draws durations. */
  readonly random: Stream;
  /** Draws keys and salts. */
  readonly secrets: Stream;
  readonly identity: Identity;
  readonly line: Line;
  readonly post: Post | null;
  readonly lanes: number;
  /** How far the wall clock is ahead, ms. */
  readonly skewMs: number;
  /** Whether the database has trouble of its own. */
  readonly hasTrouble: () => boolean;
  readonly send: (bytes: Uint8Array, to: Address) => void;
  readonly observer: NodeObserver;
};

const batchMax = 1_024;
const tickMs = 250;
/** Datagrams that wait for a paused process. */
const socketMax = 400;
/** How soon a server that cannot be opened is started again, ms. */
const againMs = 700;

export class EngineNode {
  engine: Engine | null = null;
  nodes: SimNodes | null = null;
  readonly counts = {
    crashes: 0,
    pauses: 0,
    stored: 0,
    failed: 0,
    unavailable: 0,
    unknown: 0,
    hashes: 0,
  };
  #life: Life;
  #turn: Turn | null = null;
  #inbox: Arrival[] = [];
  #scheduled = false;
  #crashAt: CrashPoint | null = null;
  #downMs = 0;

  constructor(readonly parts: EngineNodeParts) {
    this.#life = new Life(parts.timeline, parts.random);
  }

  get name(): string {
    return this.parts.name;
  }

  get moment(): Moment {
    const { timeline, skewMs } = this.parts;
    return { wall: timeline.now + skewMs, monotonic: timeline.now };
  }

  get isPaused(): boolean {
    return this.#life.isPaused;
  }

  start(): void {
    const { line, name } = this.parts;
    const life = this.#life;
    const open = () => ({
      epoch: line.database.claim(name),
      sessions: line.database.openSessions(name),
    });
    line.query(
      life,
      open,
      (opened) => this.#open(opened),
      () => life.after(againMs, () => this.start()),
    );
  }

  /** Crashes when this point is reached next, and starts again after `downMs`. */
  crashAt(point: CrashPoint, downMs: number): void {
    if (this.engine === null) return;
    this.#downMs = downMs;
    this.#crashAt = point;
    if (point === "idle") this.#mayCrash("idle");
  }

  /** Stops the process (SIGSTOP) for a while. */
  pause(ms: number): void {
    const life = this.#life;
    if (this.engine === null || life.isPaused) return;
    this.counts.pauses++;
    life.pause();
    this.parts.timeline.after(ms, () => life.resume());
  }

  readonly receive = (bytes: Uint8Array, source: Address): void => {
    if (this.engine === null || this.#inbox.length >= socketMax) return;
    this.#inbox.push({ bytes, source });
    this.#schedule();
  };

  /** Asks a device for the operator, wherever it is logged in. */
  ask(question: NodeQuestion, onResult: (result: AskResult) => void): void {
    const { engine, nodes } = this;
    if (engine === null || nodes === null || this.isPaused) return;
    const isHere = engine.desk.sessions.get(question.id) !== undefined;
    nodes.askAnywhere(question, isHere, (done) => this.#askHere(question, done), onResult);
  }

  #askHere(question: NodeQuestion, onResult: (result: AskResult) => void): void {
    const answerTo = this.parts.address;
    this.#act(({ operator }, now) => operator.ask({ ...question, answerTo, onResult }, now));
  }

  readonly #act = (change: (engine: Engine, now: Moment) => void): void => {
    if (this.engine === null) return;
    change(this.engine, this.moment);
    this.#schedule();
  };

  #open({ epoch, sessions }: { epoch: number; sessions: readonly SessionRow[] }): void {
    const { name, random, secrets, identity, line, post, lanes, timeline, observer } = this.parts;
    const life = this.#life;
    const silenceMs = defaultPolicy.offlineAfterMs;
    const wall = () => this.moment.wall;
    const nodes = new SimNodes({
      own: name,
      epoch,
      timeline,
      random,
      line,
      life,
      post,
      silenceMs,
      wall,
      onUntold: (rows) => observer.onUntold(rows),
    });
    const log = {
      debug: true,
      activity: (_level: string, _peer: string, _direction: string, words: string) => {
        observer.onLogLine(words);
      },
      error: (_peer: string, words: string) => observer.onLogLine(words),
    };
    const desk = { policy: defaultPolicy, log, random: secrets, identity, lanes, nodes };
    const engine = new Engine(desk, sessions, this.moment);
    this.#observe(engine);
    this.engine = engine;
    this.nodes = nodes;
    this.#turn = this.#makeTurn(engine, epoch);
    nodes.onAsked = (question, onResult) => this.#askHere(question, onResult);
    life.after(random.between(0, 300), () => {
      joinNodes(nodes, { engine, loop: { act: this.#act }, ask: () => Promise.reject() });
    });
    life.after(tickMs, () => this.#tick());
  }

  #observe(engine: Engine): void {
    const { observer } = this.parts;
    engine.feed.subscribe((facts) => observer.onFacts(facts));
    const { due } = engine.desk;
    const heard = due.heard.bind(due);
    due.heard = (session, source) => {
      observer.onHeard(session);
      heard(session, source);
    };
  }

  #makeTurn(engine: Engine, epoch: number): Turn {
    const { name, timeline, random, line, lanes, hasTrouble } = this.parts;
    const life = this.#life;
    const store = new NodeStore(lanes, hasTrouble, {
      node: name,
      epoch,
      timeline,
      random,
      line,
      life,
      onTaken: () => this.#mayCrash("taken"),
      onStored: () => this.#mayCrash("stored"),
      onFenced: (done) => this.nodes?.renew(done),
      count: (how: Failing) => void this.counts[how]++,
    });
    return new Turn(engine, store, {
      now: () => this.moment,
      send: (replies) => {
        if (life.isOver) return;
        for (const { payload, to } of replies) this.#send(Buffer.from(payload as string), to);
      },
      freeHashers: () => Number.POSITIVE_INFINITY,
      hash: (job) => this.#hash(job),
      onStored: () => void this.counts.stored++,
      onFailed: () => {},
    });
  }

  #tick(): void {
    this.#turn?.tick();
    this.#schedule();
    this.#life.after(tickMs, () => this.#tick());
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#life.after(1, () => {
      this.#scheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    const turn = this.#turn;
    const life = this.#life;
    if (turn === null) return;
    const arrivals = this.#inbox.splice(0, batchMax);
    const taken = turn.receive(arrivals, this.parts.random.chance(0.01));
    this.#inbox.unshift(...arrivals.slice(taken));
    turn.commit(() => {
      if (!life.isOver && (this.#inbox.length > 0 || turn.isReady)) this.#schedule();
    });
    if (this.#inbox.length > 0) this.#schedule();
  }

  #send(payload: Uint8Array, to: Address): void {
    this.parts.send(payload, to);
  }

  /** Gives the result that argon2 would give, after the time it would take. */
  #hash(job: HashJob): void {
    const { random, secrets, observer } = this.parts;
    this.counts.hashes++;
    observer.onHash(job);
    const result = fakeHash(job, secrets);
    this.#life.after(random.between(20, 80), () => {
      this.#turn?.resume(job, result);
      this.#schedule();
    });
  }

  #mayCrash(point: CrashPoint): void {
    if (this.#crashAt !== point) return;
    const { timeline, random } = this.parts;
    this.counts.crashes++;
    this.parts.observer.onCrash();
    this.#life.end();
    this.#life = new Life(timeline, random);
    this.engine = null;
    this.nodes = null;
    this.#turn = null;
    this.#inbox = [];
    this.#scheduled = false;
    this.#crashAt = null;
    timeline.after(this.#downMs, () => this.start());
  }
}
