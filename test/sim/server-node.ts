// The simulated server: the real turn, engine and store, with virtual time, a wall clock that can be set, a fake password
// hash, and crashes between any two steps of a turn. A crash keeps what is committed, and nothing else.

import { Database } from "bun:sqlite";
import type { Address } from "../../lib/protocol/messages.ts";
import { ed25519KeyPair, x25519KeyPair } from "../../lib/sealed/primitives.ts";
import type { Ask } from "../../lib/server/asks.ts";
import { Engine } from "../../lib/server/engine.ts";
import type { HashJob } from "../../lib/server/passwords/hash-queue.ts";
import type { Log } from "../../lib/server/log.ts";
import type { Moment } from "../../lib/server/moment.ts";
import type {
  Later,
  ReportStep,
  ReportStored,
  StepResult,
  Step,
  Write,
} from "../../lib/server/store-port.ts";
import { type Arrival, Turn } from "../../lib/server/turn.ts";
import { migrate } from "../../lib/store/sqlite/file/schema.ts";
import { SqliteStore } from "../../lib/store/sqlite/sqlite-store.ts";
import type { Stream } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import { hold } from "./violation.ts";
import { fakeHash, noted } from "./server-parts.ts";
import { defaultPolicy } from "../server/default-policy.ts";

/** Where a server can crash: between turns, with a batch taken, or with a batch stored and no reply sent. */
export type CrashPoint = "idle" | "taken" | "stored";

/** Observes what the server does. */
export type ServerObserver = {
  onStart(): void;
  onReceive(bytes: Uint8Array, source: Address): void;
  /** A report is committed. */
  onReport(step: ReportStep, stored: ReportStored): void;
  /** What a rule decided is committed. */
  onWrite(write: Write): void;
  onSend(payload: Uint8Array, to: Address): void;
  onTick(): void;
  onLogLine(words: string): void;
};

type Ports = {
  readonly timeline: Timeline;
  /** Draws durations. */
  readonly random: Stream;
  /** Draws keys and salts. */
  readonly secrets: Stream;
  readonly address: Address;
  /** How many batches can be under way, one of each lane. */
  readonly lanes: number;
  send(bytes: Uint8Array, to: Address): void;
  readonly observer: ServerObserver;
};

const batchMax = 1_024;
const tickMs = 250;

export class ServerNode {
  readonly database = new Database(":memory:", { strict: true });
  readonly counts = { crashes: 0, batches: 0, failedBatches: 0, hashes: 0 };
  engine: Engine | null = null;
  /** When a batch last failed to be stored, ms of the timeline. */
  failedAt = 0;
  /** How far the wall clock was set forward, ms; negative for back. */
  clockSetMs = 0;
  #isDiskWell = true;
  #store: SqliteStore | null = null;
  #turn: Turn | null = null;
  #inbox: Arrival[] = [];
  #scheduled = false;
  /** Counts the starts and crashes of the server, so that work begun before a crash does not continue after it. */
  #life = 0;
  #crashAt: CrashPoint | null = null;
  #downMs = 0;
  readonly #identity: ConstructorParameters<typeof Engine>[0]["identity"];

  constructor(private readonly ports: Ports) {
    const { secrets } = ports;
    this.#identity = {
      sealing: x25519KeyPair(secrets.bytes(32)),
      signing: ed25519KeyPair(secrets.bytes(32)),
      psk: null,
      digestKey: secrets.bytes(32),
    };
    // Small pages, so that a full disk has an effect soon.
    this.database.run("PRAGMA page_size = 512");
    migrate(this.database, ":memory:");
  }

  start(): void {
    const { secrets, observer, lanes } = this.ports;
    const log: Log = {
      debug: true,
      activity: (_level, _peer, _direction, words) => observer.onLogLine(words),
      error: (_peer, words) => observer.onLogLine(words),
    };
    this.#store = new SqliteStore(this.database);
    const [policy, identity] = [defaultPolicy, this.#identity];
    const commands = this.#store.openCommands();
    const parts = { policy, log, random: secrets, identity, lanes, commands };
    this.engine = new Engine(parts, this.#store.openSessions(), this.#moment);
    this.#life++;
    this.#turn = this.#makeTurn(this.engine, this.#store);
    observer.onStart();
    this.#inLife(tickMs, () => this.#tick());
  }

  /** Crashes when this point is reached next, and starts again after `downMs`. */
  crashAt(point: CrashPoint, downMs: number): void {
    if (this.engine === null) return;
    this.#downMs = downMs;
    if (point === "idle") this.#crash();
    else this.#crashAt = point;
  }

  /** Fills the disk: every write that needs a further page fails. */
  fillDisk(): void {
    this.#isDiskWell = false;
    const { pages } = this.database
      .query("SELECT page_count AS pages FROM pragma_page_count")
      .get() as {
      pages: number;
    };
    this.database.run(`PRAGMA max_page_count = ${pages}`);
  }

  /** Makes every write fail. */
  breakDisk(): void {
    this.#isDiskWell = false;
    this.database.run("PRAGMA query_only = ON");
  }

  mendDisk(): void {
    this.#isDiskWell = true;
    this.database.run("PRAGMA query_only = OFF");
    this.database.run("PRAGMA max_page_count = 1000000");
  }

  get #moment(): Moment {
    const { now } = this.ports.timeline;
    return { wall: now + this.clockSetMs, monotonic: now };
  }

  readonly receive = (bytes: Uint8Array, source: Address): void => {
    if (this.engine === null) return;
    this.#inbox.push({ bytes, source });
    this.#schedule();
  };

  ask(ask: Ask): void {
    if (this.engine === null) return;
    this.engine.operator.ask(ask, this.#moment);
    this.#schedule();
  }

  #makeTurn(engine: Engine, store: SqliteStore): Turn {
    const { lanes } = this.ports;
    const life = this.#life;
    return new Turn(
      engine,
      { lanes, apply: (steps) => this.#apply(steps, life), housekeep: () => store.housekeep() },
      {
        now: () => this.#moment,
        send: (replies) => {
          if (life !== this.#life) return;
          for (const { payload, to } of replies) this.#send(Buffer.from(payload as string), to);
        },
        freeHashers: () => Number.POSITIVE_INFINITY,
        hash: (job) => this.#hash(job),
        onStored: () => void this.counts.batches++,
        onFailed: () => {
          this.counts.batches++;
          this.counts.failedBatches++;
        },
      },
    );
  }

  #tick(): void {
    this.ports.observer.onTick();
    this.#turn?.tick();
    this.#schedule();
    this.#inLife(tickMs, () => this.#tick());
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#inLife(1, () => {
      this.#scheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    const turn = this.#turn;
    if (turn === null) return;
    for (const { bytes, source } of this.#inbox.splice(0, batchMax)) {
      this.ports.observer.onReceive(bytes, source);
      // A datagram's memory is overwritten after receive(), so that an engine that keeps a reference to it fails.
      const received = Uint8Array.from(bytes);
      turn.receive([{ bytes: received, source }], this.ports.random.chance(0.01));
      received.fill(0xff);
    }
    turn.commit(() => {
      if (this.#inbox.length > 0 || turn.isReady) this.#schedule();
    });
    if (this.#inbox.length > 0) this.#schedule();
  }

  /** Stores a batch after a while, and answers after another, if the server has not crashed before or in between. */
  #apply(steps: readonly Step[], life: number): Later<readonly StepResult[]> {
    const { random } = this.ports;
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a promise would not wait for the timeline
      then: (onStored, onFailed) => {
        if (life !== this.#life || this.#mayCrash("taken")) return;
        const isSlow = random.chance(0.1);
        this.#inLife(isSlow ? random.between(50, 400) : random.between(0, 5), () => {
          const stored = this.#storeNow(steps);
          if (this.#mayCrash("stored")) return;
          this.#inLife(random.between(0, 2), () =>
            stored instanceof Error ? onFailed(stored) : onStored(stored),
          );
        });
      },
    };
  }

  /** Stores a batch, whole or not at all. */
  #storeNow(steps: readonly Step[]): readonly StepResult[] | Error {
    const { observer } = this.ports;
    const before = this.#isDiskWell ? "" : this.#rowCounts();
    try {
      const writes: Write[] = [];
      const results = (this.#store as SqliteStore).apply(steps.map((step) => noted(step, writes)));
      for (const [i, step] of steps.entries()) {
        if (step.kind === "report") observer.onReport(step, results[i] as ReportStored);
      }
      for (const write of writes) observer.onWrite(write);
      return results;
    } catch (error) {
      this.failedAt = this.ports.timeline.now;
      const { message } = error as Error;
      hold(before === this.#rowCounts(), () => `half of a batch was stored: ${message}`);
      return error as Error;
    }
  }

  #send(payload: Uint8Array, to: Address): void {
    this.ports.observer.onSend(payload, to);
    this.ports.send(payload, to);
  }

  #rowCounts(): string {
    const sql = `SELECT (SELECT count(*) FROM data) || ' ' || (SELECT count(*) FROM registrar) || ' ' ||
      (SELECT count(*) || ' ' || count(ended) || ' ' || sum(last_seen) FROM login) AS counts`;
    return this.database.query<{ counts: string }, []>(sql).get()?.counts ?? "";
  }

  /** Gives the result that argon2 would give, after the time it would take. */
  #hash(job: HashJob): void {
    const { random, secrets } = this.ports;
    this.counts.hashes++;
    const result = random.chance(0.01) ? { failed: "no memory" } : fakeHash(job, secrets);
    this.#inLife(random.between(20, 80), () => {
      this.#turn?.resume(job, result);
      this.#schedule();
    });
  }

  #mayCrash(point: CrashPoint): boolean {
    if (this.#crashAt !== point) return false;
    this.#crash();
    return true;
  }

  #crash(): void {
    this.counts.crashes++;
    this.engine = null;
    this.#turn = null;
    this.#store = null;
    this.#inbox = [];
    this.#scheduled = false;
    this.#crashAt = null;
    this.#life++;
    this.#inLife(this.#downMs, () => this.start());
  }

  #inLife(ms: number, happen: () => void): void {
    const life = this.#life;
    this.ports.timeline.after(ms, () => {
      if (life === this.#life) happen();
    });
  }
}
