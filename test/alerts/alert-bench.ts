// Alerts with a store in memory, a fleet, receivers and clocks that a test moves: the production runner, without a timer.

import type { AlertPorts, Post } from "../../lib/alerts/alert-ports.ts";
import { AlertDesk } from "../../lib/alerts/alert-desk.ts";
import { AlertRunner } from "../../lib/alerts/alert-runner.ts";
import type { Answer } from "../../lib/alerts/outbox.ts";
import type { Fact, OnFacts } from "../../lib/server/feed.ts";
import type { ReportsOfOthers } from "../../lib/server/nodes.ts";
import type { PendingState } from "../../lib/server/door/door-rows.ts";
import type { CommandRow, ReportRow } from "../../lib/server/rows.ts";
import { type Labels, noLabels } from "../../lib/server/labels.ts";
import type { PresenceWord, Selectable } from "../../lib/server/selector.ts";
import { MemoryStore } from "../../lib/store/memory/memory-store.ts";

/** What a receiver answers; null: nothing, until the sender has waited for 10 s. */
export type Receiver = (post: Post) => Answer | { readonly failure: string } | null;

const ok: Receiver = () => ({ status: 200, retryAfterMs: null, detail: "" });

export class AlertBench {
  wall = Date.UTC(2026, 10, 28);
  monotonic = 1_000_000;
  readonly store = new MemoryStore();
  readonly devices = new Map<string, Selectable>();
  /** All that was posted: when, and what. */
  readonly posts: (Post & { readonly at: number })[] = [];
  readonly troubles: string[] = [];
  readonly #receivers = new Map<string, Receiver>();
  readonly #listeners = new Set<(id: string) => void>();
  readonly #subscribers = new Map<OnFacts, boolean>();
  /** What other servers have stored, and how many follow it. */
  readonly #elsewhere: ReportRow[] = [];
  follows = 0;
  /** How often what others have stored was read, and what is wrong with that. */
  foreignReads = 0;
  foreignTrouble: Error | null = null;
  /** Who waits to be let in; null: the store does not tell. And how often that was looked at. */
  waiting: Set<string> | null = new Set();
  looks = 0;
  /** Called between a look and its answer. */
  onLook = () => {};
  /** Whether what other servers do to commands is heard, 1 if it is; and commands that have ended there within a moment. */
  commandLoads = 0;
  readonly endedElsewhere: Pick<CommandRow, "number" | "device" | "end" | "ended">[] = [];
  readonly #commandListeners = new Set<Parameters<AlertPorts["commands"]["listen"]>[0]>();
  #hanging: { readonly until: number; readonly end: () => void }[] = [];
  runner: AlertRunner;
  readonly desk = new AlertDesk(
    this.store.alerts,
    () => this.runner.refresh(),
    () => this.#now(),
  );

  constructor() {
    this.runner = this.#newRunner();
  }

  /** A receiver at a URL; others take all. */
  receive(url: string, receiver: Receiver): void {
    this.#receivers.set(url, receiver);
  }

  set(id: string, presence: PresenceWord = "online", labels: Labels = noLabels): void {
    this.devices.set(id, { id, presence, labels });
    for (const listener of this.#listeners) listener(id);
  }

  report(id: string, message: string): void {
    const { wall } = this;
    const report = { device: id, time: "", received: wall, at: wall, code: "01", message };
    this.tell({ kind: "reported", sequences: [1], reports: [report] });
  }

  /** A fact of the feed. */
  tell(fact: Fact): void {
    for (const [onFacts, withReports] of this.#subscribers) {
      if (withReports || fact.kind !== "reported") onFacts([fact]);
    }
  }

  /** A device begins to wait, or was judged: as the feed tells it. */
  door(id: string, state: PendingState): void {
    if (state === "waiting") this.waiting?.add(id);
    else this.waiting?.delete(id);
    this.tell({ kind: "pending", id, state, at: this.wall });
  }

  /** A command of a device has ended, at whichever server. */
  commandEnded(device: string, end: NonNullable<CommandRow["end"]>): void {
    for (const listener of this.#commandListeners) listener({ device, end });
  }

  /** A command was queued and has ended at another server, of which nobody tells. */
  endElsewhere(device: string, end: NonNullable<CommandRow["end"]>): void {
    const number = this.endedElsewhere.length + 1;
    this.endedElsewhere.push({ number, device, end, ended: this.wall });
  }

  /** A device reports to another server of the store. */
  reportElsewhere(device: string, message: string): void {
    const { wall } = this;
    const sequence = this.#elsewhere.length;
    const of = { time: "", received: wall, at: wall, code: "01" };
    this.#elsewhere.push({ sequence, device, message, ...of });
  }

  /** Lets time pass, with a tick each second. */
  async wait(ms: number): Promise<void> {
    for (const end = this.monotonic + ms; this.monotonic < end;) {
      const passed = Math.min(1_000, end - this.monotonic);
      this.wall += passed;
      this.monotonic += passed;
      const over = this.#hanging.filter(({ until }) => until <= this.monotonic);
      this.#hanging = this.#hanging.filter(({ until }) => until > this.monotonic);
      for (const { end: give } of over) give();
      await this.runner.tick().catch((error: unknown) => this.troubles.push(String(error)));
      // What was posted is answered.
      await Promise.resolve();
      await Promise.resolve();
    }
  }

  /** The server is killed and starts again; what was not stored is gone. */
  async restart(downMs = 0): Promise<void> {
    this.runner.close();
    this.wall += downMs;
    this.monotonic += downMs;
    this.runner = this.#newRunner();
    await this.wait(1_000);
  }

  /** The bodies that a URL was sent since the last call, parsed. */
  taken<Body>(url: string): Body[] {
    const own = this.posts.filter((post) => post.url === url);
    for (const post of own) this.posts.splice(this.posts.indexOf(post), 1);
    return own.map(({ body }) => JSON.parse(body) as Body);
  }

  #newRunner(): AlertRunner {
    const { devices } = this;
    const ports: AlertPorts = {
      store: this.store.alerts,
      fleet: {
        get: (id) => devices.get(id),
        all: () => [...devices.values()],
        load: async () => {},
        listen: (onChange) => {
          this.#listeners.add(onChange);
          return () => this.#listeners.delete(onChange);
        },
      },
      reports: { latestOf: (ids) => ids.map(() => null) },
      subscribe: (onFacts, withReports) => {
        this.#subscribers.set(onFacts, withReports);
        return () => this.#subscribers.delete(onFacts);
      },
      waiting: () => {
        this.looks++;
        const found = this.waiting === null ? null : [...this.waiting];
        this.onLook();
        return found;
      },
      commands: {
        load: async () => void (this.commandLoads = 1),
        latestEnded: (limit) => this.endedElsewhere.toReversed().slice(0, limit),
        listen: (onChange) => {
          this.#commandListeners.add(onChange);
          return () => this.#commandListeners.delete(onChange);
        },
      },
      elsewhere: { reportsOfOthers: () => this.#reportsOfOthers() },
      post: (post) => this.#post(post),
      now: () => this.#now(),
      sender: { url: "http://127.0.0.1:9000" },
      onTrouble: (words) => this.troubles.push(words),
    };
    return new AlertRunner(ports, this.monotonic);
  }

  #reportsOfOthers(): ReportsOfOthers {
    this.follows++;
    let at = this.#elsewhere.length;
    return {
      next: async (limit) => {
        this.foreignReads++;
        if (this.foreignTrouble !== null) throw this.foreignTrouble;
        const reports = this.#elsewhere.slice(at, at + limit);
        at += reports.length;
        return { reports, more: at < this.#elsewhere.length };
      },
    };
  }

  #now() {
    return { wall: this.wall, monotonic: this.monotonic };
  }

  #post(post: Post): Promise<Answer | { readonly failure: string }> {
    this.posts.push({ ...post, at: this.monotonic });
    const answer = (this.#receivers.get(post.url) ?? ok)(post);
    if (answer !== null) return Promise.resolve(answer);
    const { promise, resolve } = Promise.withResolvers<{ failure: string }>();
    const end = () => resolve({ failure: "no answer within 10 s" });
    this.#hanging.push({ until: this.monotonic + 10_000, end });
    return promise;
  }
}

/** Where `benchWith` tells. */
export const hook = "http://hook/";

/** A server that has run for an hour and tells a hook in plain texts. @param given what of the rule is not as usual */
export async function benchWith(rule: string, given: object = {}): Promise<AlertBench> {
  const bench = new AlertBench();
  await bench.desk.putDestination("hook", { url: hook, format: "text" });
  await bench.desk.putRule("rule", { rule, ...given });
  bench.set("pi1");
  await bench.wait(3_600_000);
  return bench;
}

/** The texts that the hook was sent since the last call. */
export function textsOf(bench: AlertBench): string[] {
  return bench.taken<{ text: string }>(hook).map(({ text }) => text);
}
