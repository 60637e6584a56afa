// Runs the alerts of a server: loads them if this one leads, feeds the judge, stores what it says together with the messages, and
// sends these. Nothing is told before it is stored, and no device waits for any of it. Has no timer: the program calls `tick`.

import type { AlertChange, AlertRow } from "../server/alert-store.ts";
import { ForeignFacts } from "../fleet/foreign-facts.ts";
import type { OperatingError } from "../operating-error.ts";
import type { Fact, OnFacts } from "../server/feed.ts";
import type { Moment } from "../server/moment.ts";
import type { AlertPorts } from "./alert-ports.ts";
import { Announcer } from "./announcer.ts";
import type { Severity } from "./alert-rule.ts";
import { CommandEnds } from "./command-ends.ts";
import { Deliveries } from "./deliveries.ts";
import { type Firing, firingOf } from "./firing.ts";
import { Judge } from "./judge.ts";
import { Mutes } from "./mutes.ts";
import { hasRule, type Settings, settingsIn } from "./settings.ts";
import { WaitingDevices } from "./waiting-devices.ts";

/** How often it asks whether it leads, ms. */
const leadEveryMs = 2_000;
/** How many changes are stored at once: while a file stores them it serves no device. */
const changesPerCommit = 500;
/** How many devices are asked about in each tick. */
const asksPerTick = 100;

/** What is known while this server leads. */
type Led = {
  readonly judge: Judge;
  readonly announcer: Announcer;
  readonly mutes: Mutes;
  readonly deliveries: Deliveries;
  readonly endListening: () => void;
};

/** How the alerts are doing. */
export type AlertStatus = {
  /** Whether this server judges and tells. */
  readonly leads: boolean;
  /** How many fire, by rule and severity. */
  readonly firing: readonly {
    readonly rule: string;
    readonly severity: Severity;
    readonly count: number;
  }[];
  readonly waiting: number;
  /** Since it leads: alerts and messages for which there was no room, and messages that were refused. */
  readonly dropped: number;
  readonly refused: number;
  /** Destinations whose last message was refused or given up. */
  readonly failing: readonly string[];
};

export class AlertRunner {
  #led: Led | null = null;
  #settings: Settings = { rules: [], destinations: [], mutes: [], unread: [] };
  /** Of the settings that are loaded; NaN if none are. */
  #revision = Number.NaN;
  #leads = false;
  /** Whether there is nothing to do, as long as no setting changes. */
  #isIdle = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** What is to be stored, by what it changes: a later change of the same takes its place. */
  readonly #changes = new Map<string, AlertChange>();
  #endReports: (() => void) | null = null;
  /** Tells of the reports at other servers, while a rule needs reports. */
  #foreign: ForeignFacts | null = null;
  #isClosed = false;
  readonly #waiting: WaitingDevices;
  readonly #commandEnds: CommandEnds;

  /** @param startedAt when the server started, by the monotonic clock, ms */
  constructor(
    private readonly ports: AlertPorts,
    private readonly startedAt: number,
  ) {
    const { waiting, commands, now } = ports;
    this.#waiting = new WaitingDevices(waiting);
    this.#commandEnds = new CommandEnds(
      commands,
      () => Number.isNaN(this.#revision) || hasRule(this.#settings, "command failed"),
      (device, isFailed) => this.#led?.judge.note("command failed", device, isFailed, now()),
      () => now().monotonic,
    );
  }

  /** Does what is due. Call it about every second, and not again before it has ended. @throws what the store throws */
  async tick(): Promise<void> {
    const { now } = this.ports;
    if (this.#isClosed) return;
    if (now().monotonic - this.#askedAt >= leadEveryMs) await this.#ask();
    if (hasRule(this.#settings, "command failed")) await this.#commandEnds.look();
    else if (!Number.isNaN(this.#revision)) this.#commandEnds.forget();
    if (!this.#leads || this.#isClosed) return;
    const led = this.#led ?? (this.#isIdle ? null : await this.#begin());
    // What others have stored is judged first: else a device that reports to another one would be missed.
    await this.#foreign?.poll();
    if (led !== null && hasRule(this.#settings, "device waits"))
      await this.#waiting.look(led.judge, now);
    if (led === null || led !== this.#led) return;
    led.judge.tick(now());
    await this.#tellOfReports(led.judge);
    this.#announce(led, now());
    await this.#store(led);
    led.deliveries.send();
  }

  /** Settings have changed: the next tick reads them. */
  refresh(): void {
    this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  /** Alerts that are over, and are stored so a little later. */
  get ends(): readonly AlertRow[] {
    return this.#led?.announcer.ends ?? [];
  }

  /** The alerts that fire, if this server leads. */
  get firing(): readonly Firing[] {
    return firingOf(this.#led?.judge.alerts ?? []);
  }

  get status(): AlertStatus {
    const counts = new Map<string, { rule: string; severity: Severity; count: number }>();
    for (const { alert, rule } of this.#led?.judge.alerts ?? []) {
      if (alert.state !== "firing") continue;
      const known = counts.get(rule.name) ?? { rule: rule.name, severity: rule.severity, count: 0 };
      known.count++;
      counts.set(rule.name, known);
    }
    const { judge, deliveries } = this.#led ?? {};
    return {
      leads: this.#leads,
      firing: [...counts.values()],
      waiting: deliveries?.waiting ?? 0,
      dropped: (judge?.alerts.dropped ?? 0) + (deliveries?.dropped ?? 0),
      refused: deliveries?.refused ?? 0,
      failing: deliveries?.failing ?? [],
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#commandEnds.close();
    this.#drop();
  }

  /** Asks who leads, and whether settings have changed. */
  async #ask(): Promise<void> {
    const { store, now, onTrouble } = this.ports;
    this.#leads = await store.lead();
    this.#askedAt = now().monotonic;
    if (!this.#leads) this.#drop();
    const revision = await store.settingsRevision();
    if (revision === this.#revision) return;
    this.#settings = settingsIn(await store.settings());
    this.#revision = revision;
    this.#isIdle = false;
    for (const name of this.#settings.unread) {
      onTrouble(
        `The alert ${name} cannot be read and is left out: remove it, or use the release that made it.`,
      );
    }
    if (this.#led !== null) this.#apply(this.#led);
  }

  /** Loads what is stored; null as long as there is nothing to do. */
  async #begin(): Promise<Led | null> {
    const { store, fleet, now } = this.ports;
    const [open, waiting] = [await store.open(), await store.waiting()];
    this.#isIdle = this.#settings.rules.length + open.length + waiting.length === 0;
    if (this.#isIdle) return null;
    await fleet.load();
    const next = await store.next();
    if (this.#isClosed) return null;
    const judge = new Judge(fleet, next.alert, this.startedAt);
    const mutes = new Mutes();
    const announcer = new Announcer(judge, fleet, mutes, this.startedAt);
    const endListening = fleet.listen((id) => judge.changed(id, now()));
    const deliveries: Deliveries = new Deliveries(
      this.ports,
      waiting,
      next.delivery,
      (delivery) => {
        // An answer may come when another server leads.
        if (this.#led?.deliveries === deliveries) this.#change({ kind: "put-delivery", delivery });
      },
    );
    this.#led = { judge, announcer, mutes, deliveries, endListening };
    this.#apply(this.#led);
    judge.restore(open, now());
    this.#commandEnds.tellAgain();
    return this.#led;
  }

  /** The settings are these now. */
  #apply({ judge, announcer, mutes, deliveries }: Led): void {
    const { rules, destinations, mutes: hushed } = this.#settings;
    const now = this.ports.now();
    judge.setRules(rules, now);
    announcer.setDestinations(destinations);
    mutes.set(hushed, now);
    deliveries.setDestinations(destinations, now);
    this.#waiting.lookSoon();
    this.#follow(judge);
  }

  /** Reports are followed only as long as a rule needs them. */
  #follow(judge: Judge): void {
    const { subscribe, elsewhere } = this.ports;
    const take: OnFacts = (facts) => this.#take(judge, facts);
    this.#endReports?.();
    this.#endReports = subscribe(take, judge.wantsReports);
    if (elsewhere === null || !judge.wantsReports) this.#foreign = null;
    else this.#foreign ??= new ForeignFacts(elsewhere, take);
  }

  #take(judge: Judge, facts: readonly Fact[]): void {
    const now = this.ports.now();
    for (const fact of facts) {
      if (fact.kind === "reported") {
        for (const { device, message } of fact.reports) judge.reported(device, message, now);
      } else if (fact.kind === "pending") {
        this.#waiting.note(judge, fact.id, fact.state === "waiting", now);
      }
    }
  }

  async #tellOfReports(judge: Judge): Promise<void> {
    const ids = judge.asked(asksPerTick);
    if (ids.length === 0) return;
    const found = await this.ports.reports.latestOf(ids);
    for (const [i, id] of ids.entries()) judge.tell(id, (found[i] ?? null) !== null);
  }

  #announce(led: Led, now: Moment): void {
    const { judge, announcer, deliveries } = led;
    for (const change of announcer.take(judge.alerts.take(), now)) this.#change(change);
    const { alerts, announcements } = announcer.tick(now);
    for (const alert of alerts) this.#change({ kind: "put-alert", alert });
    for (const announcement of announcements) deliveries.write(announcement, now);
    deliveries.shed(now);
  }

  #change(change: AlertChange): void {
    this.#changes.set(keyOf(change), change);
  }

  /** Stores what has changed. What was not stored is tried again by the next tick. */
  async #store({ deliveries }: Led): Promise<void> {
    while (this.#changes.size > 0) {
      const some = [...this.#changes].slice(0, changesPerCommit);
      try {
        await this.ports.store.commit(some.map(([, change]) => change));
      } catch (error) {
        if ((error as OperatingError).code === "not-leading") this.#stepDown();
        throw error;
      }
      for (const [key, change] of some) {
        if (this.#changes.get(key) === change) this.#changes.delete(key);
      }
    }
    deliveries.stored();
  }

  #stepDown(): void {
    this.#leads = false;
    this.#drop();
  }

  /** Another server leads: what is in memory is not true any more. */
  #drop(): void {
    this.#led?.endListening();
    this.#endReports?.();
    this.#endReports = null;
    this.#foreign = null;
    this.#led = null;
    this.#isIdle = false;
    this.#changes.clear();
  }
}

function keyOf(change: AlertChange): string {
  switch (change.kind) {
    case "put-alert":
      return `alert ${change.alert.number}`;
    case "remove-alert":
      return `alert ${change.number}`;
    case "put-delivery":
      return `delivery ${change.delivery.number}`;
    case "put-setting":
      return `${change.setting.kind} ${change.setting.name}`;
    case "remove-setting":
      return `${change.of} ${change.name}`;
  }
}
