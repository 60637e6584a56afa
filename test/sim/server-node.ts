// The simulated server: the real engine and store, in turns like those of the packet loop, with virtual time, a fake
// password hash, and crashes between any two steps. A crash keeps what is committed, and nothing else.

import { Database } from "bun:sqlite";
import type { Address } from "../../lib/protocol/messages.ts";
import { ed25519KeyPair, x25519KeyPair } from "../../lib/sealed/primitives.ts";
import type { Ask } from "../../lib/server/asks.ts";
import { type Batch, Engine } from "../../lib/server/engine.ts";
import type { HashJob, HashResult } from "../../lib/server/hash-queue.ts";
import type { Log } from "../../lib/server/log.ts";
import type { Moment } from "../../lib/server/moment.ts";
import type { Operation, Outcome } from "../../lib/server/operation.ts";
import { defaultPolicy } from "../../lib/server/policy.ts";
import { migrate } from "../../lib/store/schema.ts";
import { SqliteStore } from "../../lib/store/sqlite-store.ts";
import type { Stream } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import { hold } from "./violation.ts";

/** Where a server can crash: between turns, with a batch taken, or with a batch stored and no reply sent. */
export type CrashPoint = "idle" | "taken" | "stored";

/** Observes what the server does. */
export type ServerObserver = {
  onStart(): void;
  onReceive(bytes: Uint8Array, source: Address): void;
  /** A batch is committed. */
  onStored(operations: readonly Operation[], outcomes: readonly Outcome[]): void;
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
  send(bytes: Uint8Array, to: Address): void;
  readonly observer: ServerObserver;
};

const batchMax = 1_024;
const tickMs = 250;

export class ServerNode {
  readonly database = new Database(":memory:", { strict: true });
  readonly counts = { crashes: 0, batches: 0, failedBatches: 0, hashes: 0 };
  engine: Engine | null = null;
  /** When a batch last failed to be stored, ms since 1970. */
  failedAt = 0;
  #isDiskWell = true;
  #store: SqliteStore | null = null;
  #inbox: { readonly bytes: Uint8Array; readonly source: Address }[] = [];
  #turning = false;
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
    const { secrets, observer } = this.ports;
    const log: Log = {
      debug: true,
      activity: (_level, _peer, _direction, words) => observer.onLogLine(words),
      error: (_peer, words) => observer.onLogLine(words),
    };
    this.#store = new SqliteStore(this.database, { sharedIp: false });
    this.engine = new Engine(
      { policy: defaultPolicy, log, random: secrets, identity: this.#identity },
      this.#store.openSessions(),
      this.#moment,
    );
    this.#life++;
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
    return { wall: now, monotonic: now };
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

  #tick(): void {
    this.ports.observer.onTick();
    this.engine?.tick(this.#moment);
    this.#schedule();
    this.#inLife(tickMs, () => this.#tick());
  }

  #schedule(): void {
    if (this.#scheduled || this.#turning) return;
    this.#scheduled = true;
    this.#inLife(1, () => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const { engine } = this;
    const { random, observer } = this.ports;
    if (engine === null) return;
    this.#turning = true;
    for (const { bytes, source } of this.#inbox.splice(0, batchMax)) {
      observer.onReceive(bytes, source);
      // A datagram's memory is overwritten after receive(), so that an engine that keeps a reference to it fails.
      const received = Uint8Array.from(bytes);
      engine.receive(received, source, this.#moment);
      received.fill(0xff);
    }
    const batch = engine.take();
    if (batch.length === 0) return this.#finishTurn();
    if (this.#mayCrash("taken")) return;
    const isSlow = random.chance(0.1);
    this.#inLife(isSlow ? random.between(50, 400) : random.between(0, 5), () =>
      this.#commit(batch),
    );
  }

  #commit(batch: Batch): void {
    const { random, observer } = this.ports;
    const operations = batch.map((entry) => entry.operation);
    let outcomes: readonly Outcome[] | null = null;
    let words = "";
    const before = this.#isDiskWell ? "" : this.#rowCounts();
    try {
      outcomes = (this.#store as SqliteStore).applyNow(operations);
    } catch (error) {
      words = (error as Error).message;
    }
    if (outcomes === null) {
      this.counts.failedBatches++;
      this.failedAt = this.ports.timeline.now;
      hold(before === this.#rowCounts(), () => `half of a batch was stored: ${words}`);
    } else {
      observer.onStored(operations, outcomes);
    }
    this.counts.batches++;
    if (this.#mayCrash("stored")) return;
    this.#inLife(random.between(0, 2), () => {
      const { engine } = this;
      if (outcomes === null) engine?.fail(batch, words, this.#moment);
      else engine?.complete(batch, outcomes, this.#moment);
      this.#store?.housekeep();
      this.#finishTurn();
    });
  }

  #rowCounts(): string {
    const sql = `SELECT (SELECT count(*) FROM data) || ' ' || (SELECT count(*) FROM registrar) || ' ' ||
      (SELECT count(*) || ' ' || count(ended) || ' ' || sum(last_seen) FROM login) AS counts`;
    return this.database.query<{ counts: string }, []>(sql).get()?.counts ?? "";
  }

  #finishTurn(): void {
    const { engine } = this;
    const { observer, send } = this.ports;
    if (engine === null) return;
    const replies = engine.takeReplies();
    for (const { payload: said, to } of replies) {
      const payload = Buffer.from(said as string);
      observer.onSend(payload, to);
      send(payload, to);
    }
    for (const job of engine.takeHashJobs()) this.#hash(job);
    this.#turning = false;
    if (this.#inbox.length > 0 || engine.hasWork) this.#schedule();
  }

  /** Gives the result that argon2 would give, after the time it would take. */
  #hash(job: HashJob): void {
    const { random, secrets } = this.ports;
    this.counts.hashes++;
    const result = random.chance(0.01) ? { failed: "no memory" } : fakeHash(job, secrets);
    this.#inLife(random.between(20, 80), () => {
      this.engine?.resume(job, result, this.#moment);
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
    this.#store = null;
    this.#inbox = [];
    this.#turning = false;
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

function fakeHash({ password, against }: HashJob, secrets: Stream): HashResult {
  if (against === undefined) {
    const salt = secrets.between(0, 1e9);
    return { hash: `fake$${salt}$${Bun.hash(password, salt)}` };
  }
  if (against === null) return { fits: false };
  const [, salt, digest] = against.split("$");
  return { fits: digest === String(Bun.hash(password, Number(salt))) };
}
