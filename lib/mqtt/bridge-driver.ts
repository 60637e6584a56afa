// Runs a bridge: has it publish what is due, and begins and ends it as this server leads the servers of its store, of which one
// bridges. The timers are here; decides nothing of what is published.

import { ForeignFacts } from "../fleet/foreign-facts.ts";
import type { Roster } from "../fleet/roster.ts";
import type { BridgeState } from "../server/bridge-state.ts";
import type { Fact, Feed } from "../server/feed.ts";
import type { Soon } from "../server/soon.ts";
import type { Bridge } from "./bridge.ts";

const tickMs = 50;
const leadEveryMs = 2_000;
const pollEveryMs = 1_000;
/** When it is not known for so long who leads, another server may: this one bridges no more, ms. */
const doubtMs = 10_000;

/** What drives a bridge. */
export type DriverPorts = {
  readonly bridge: Bridge;
  readonly broker: string;
  readonly roster: Pick<Roster, "load">;
  readonly feed: Pick<Feed, "subscribe">;
  /** The reports that other servers of the store have stored; null if there are no others. */
  readonly elsewhere: ConstructorParameters<typeof ForeignFacts>[0] | null;
  /** Whether this server is the one that bridges. */
  readonly leads: () => Soon<boolean>;
  readonly uptimeMs: () => number;
};

export class BridgeDriver {
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #leads = false;
  #isAsking = false;
  #knownAt: number;
  #stopFacts: (() => void) | null = null;
  #foreign: ForeignFacts | null = null;
  #isClosed = false;

  constructor(private readonly ports: DriverPorts) {
    this.#knownAt = ports.uptimeMs();
  }

  start(): void {
    this.#timers.push(setInterval(() => this.ports.bridge.tick(), tickMs));
    this.#timers.push(setInterval(() => void this.askWhoLeads(), leadEveryMs));
    this.#timers.push(setInterval(() => void this.pollOthers(), pollEveryMs));
    void this.askWhoLeads();
  }

  /** Takes the reports that other servers have stored. Called once a second. */
  async pollOthers(): Promise<void> {
    // A store that is away is asked again.
    await this.#foreign?.poll().catch(() => {});
  }

  /** Asks who leads, and begins or ends accordingly. Called every 2 s. */
  async askWhoLeads(): Promise<void> {
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    const { leads, roster, uptimeMs } = this.ports;
    try {
      const isLeader = await leads();
      if (isLeader) await roster.load();
      this.#knownAt = uptimeMs();
      await this.#turn(isLeader);
    } catch {
      // The store is away, of which others tell.
      if (uptimeMs() - this.#knownAt >= doubtMs) await this.#turn(false);
    } finally {
      this.#isAsking = false;
    }
  }

  get state(): BridgeState {
    const { bridge, broker, uptimeMs } = this.ports;
    const { connection, publisher } = bridge;
    const { state, failure, since } = connection;
    const isRefused = failure?.kind === "refused";
    const word = {
      off: "standby",
      up: "connected",
      connecting: failure === null ? "connecting" : isRefused ? "refused" : "down",
      waiting: isRefused ? "refused" : "down",
    } as const;
    return {
      broker,
      state: word[state],
      seconds: Math.round((uptimeMs() - since) / 1000),
      published: publisher.published,
      dropped: publisher.dropped,
      error: state === "up" ? null : (failure?.why ?? null),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopFacts?.();
    if (this.#leads) await this.ports.bridge.close();
  }

  async #turn(leads: boolean): Promise<void> {
    if (leads === this.#leads || this.#isClosed) return;
    this.#leads = leads;
    const { bridge, feed, elsewhere } = this.ports;
    this.#foreign = null;
    if (leads) {
      // A server that only stands by makes no facts of reports.
      this.#stopFacts = feed.subscribe((facts) => bridge.takeFacts(facts), true);
      const take = (facts: readonly Fact[]) => {
        if (this.#leads) bridge.takeFacts(facts);
      };
      if (elsewhere !== null) this.#foreign = new ForeignFacts(elsewhere, take);
      // It tells what is stored from now on; what was before, the bridge reads, which begins only then.
      await this.pollOthers();
      if (this.#isClosed) return;
      bridge.begin();
      return;
    }
    this.#stopFacts?.();
    this.#stopFacts = null;
    await bridge.end(false);
  }
}
