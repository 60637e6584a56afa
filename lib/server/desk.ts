// The engine's shared state: its tables, the batch being filled, the outbox, the logbook. Holds no rule and writes no reply.

import { Asks } from "./asks.ts";
import { CommandQueues } from "./commands/command-queues.ts";
import { newCounters } from "./counters.ts";
import { WindowClock } from "./door/window-clock.ts";
import { EngineClock } from "./engine-clock.ts";
import { Feed } from "./feed.ts";
import type { Random } from "../sealed/cookie.ts";
import type { Identity } from "./identity.ts";
import { Histogram } from "./histogram.ts";
import { LinkTable } from "./links/link-table.ts";
import type { Log } from "./log.ts";
import { alone, type Nodes } from "./nodes.ts";
import { Logbook } from "./logbook.ts";
import type { Moment } from "./moment.ts";
import { OpenBatch } from "./open-batch.ts";
import { Outbox } from "./outbox.ts";
import { CredentialGuard } from "./passwords/credential-guard.ts";
import { HashQueue } from "./passwords/hash-queue.ts";
import { VerifierCache } from "./passwords/verifier-cache.ts";
import { limits, type Policy } from "./policy.ts";
import type { StoredCommands } from "./rows.ts";
import { Contests } from "./sessions/contests.ts";
import { DueRows } from "./sessions/due-rows.ts";
import { RecentChanges } from "./sessions/recent-changes.ts";
import { SessionTable } from "./sessions/session-table.ts";
import { Traffic } from "./traffic.ts";
import { KeyedBuckets } from "../token-bucket.ts";

/** The policy and ports of an engine. */
export type DeskParts = {
  readonly policy: Policy;
  readonly log: Log;
  readonly random: Random;
  readonly identity: Identity;
  /** How many lanes the store has; 1 if it is left out. */
  readonly lanes?: number | undefined;
  /** The other servers of the store; without them this one is alone. */
  readonly nodes?: Nodes;
  /** The commands that the store had at the start. */
  readonly commands?: StoredCommands;
};

export class Desk {
  readonly policy: Policy;
  readonly log: Log;
  readonly random: Random;
  readonly identity: Identity;
  readonly nodes: Nodes;
  readonly clock: EngineClock;
  readonly sessions = new SessionTable();
  readonly recentChanges = new RecentChanges();
  readonly due: DueRows;
  readonly guard = new CredentialGuard();
  readonly hashQueue = new HashQueue();
  readonly verifiers: VerifierCache;
  readonly asks = new Asks();
  readonly commands: CommandQueues;
  readonly contests = new Contests();
  /** What this node knows of the door's window. */
  readonly window = new WindowClock();
  readonly links = new LinkTable();
  readonly vouchers = new KeyedBuckets(
    limits.vouchersPerSecond,
    limits.vouchersBurst,
    limits.voucherAskers,
  );
  readonly counters = newCounters();
  readonly traffic = new Traffic();
  /** From the queueing of commands to the answers of their devices: from 1/8 s to 12 days, as these may sleep. */
  readonly commandTimes = new Histogram(0.125, 1, 23);
  readonly batch: OpenBatch;
  /** What was committed. */
  readonly feed = new Feed();
  readonly logbook: Logbook;
  readonly outbox: Outbox;

  constructor(
    { policy, log, random, identity, commands, nodes = alone, lanes = 1 }: DeskParts,
    now: Moment,
  ) {
    this.policy = policy;
    this.log = log;
    this.random = random;
    this.identity = identity;
    this.batch = new OpenBatch(lanes);
    this.nodes = nodes;
    this.clock = new EngineClock(now);
    this.commands = new CommandQueues(this.clock, commands ?? null);
    this.due = new DueRows(this.clock);
    this.verifiers = new VerifierCache(random.bytes(32), limits.verifiers);
    this.logbook = new Logbook(log, this.clock, this.sessions);
    this.outbox = new Outbox(this.clock, this.sessions, this.counters, this.traffic);
  }

  /** The wall clock at the current call, as `EngineClock.wallMs`. */
  get wallMs(): number {
    return this.clock.wallMs;
  }

  /** Whether other nodes may have ended sessions of this one, which could not show that it lives: its memory may be wrong. */
  get isUnsure(): boolean {
    return this.clock.uptimeMs > this.nodes.sureUntil;
  }

  /** Has a device compared with the store if another node may have been faster than a step of this one that has ended now. */
  recheck(id: string): void {
    if (this.recentChanges.has(id, this.uptimeMs)) this.nodes.compare([id]);
  }

  /** The monotonic clock at the current call, as `EngineClock.uptimeMs`. */
  get uptimeMs(): number {
    return this.clock.uptimeMs;
  }
}
