// The bridge: what is due to be published now, within bounds, and what others ask for. Nothing is queued while there is no
// broker: then everything is told anew. Never delays a device; knows no library.

import type { Fact } from "../server/feed.ts";
import { toldCommand } from "../server/commands/command-rows.ts";
import type { CommandRow, Report } from "../server/rows.ts";
import { TokenBucket } from "../token-bucket.ts";
import type { BrokerLink, Incoming } from "./broker.ts";
import type { BridgePorts } from "./bridge-ports.ts";
import { BridgedDoor } from "./bridged-door.ts";
import { BridgeTopics } from "./bridge-topics.ts";
import { Connection } from "./connection.ts";
import { FleetRecords } from "./fleet-records.ts";
import { reportPayload } from "./payloads.ts";
import { Publisher } from "./publisher.ts";
import { Requests } from "./requests.ts";
import { Sweep } from "./sweep.ts";
import { isDeviceStale, ToldDevices } from "./told-devices.ts";
import { Walk } from "./walk.ts";

/** Reports and states a second, each. */
export const reportsPerSecond = 2_000;
/** Configurations a second. */
export const configsPerSecond = 200;
/** After Home Assistant has started, it is told all within this time, ms: not all bridges at once. */
const birthPauseMaxMs = 5_000;
/** Devices that are gone and not yet told of; with more, the next sweep finds them. */
const goneMax = 10_000;
/** Facts with which the door may have changed. */
const atDoor: ReadonlySet<Fact["kind"]> = new Set(["pending", "window", "registered"]);
/** Configurations that one tick looks at. */
const configsLookedAt = 1_000;

export class Bridge {
  readonly publisher = new Publisher();
  readonly connection: Connection;
  readonly requests: Requests;
  readonly #records: FleetRecords;
  readonly #devices: ToldDevices;
  readonly #door: BridgedDoor;
  readonly #topics: BridgeTopics;
  readonly #sweep: Sweep;
  readonly #walk: Walk;
  readonly #stopListening: () => void;
  /** Devices of which something is due; each is told as it is then. */
  readonly #availability = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #states = new Set<string>();
  readonly #configs = new Set<string>();
  readonly #gone = new Set<string>();
  readonly #stateBucket: TokenBucket;
  readonly #reportBucket: TokenBucket;
  readonly #configBucket: TokenBucket;
  #hasConfigToken = false;
  #birthAt: number | null = null;
  #isWanted = false;

  constructor(private readonly ports: BridgePorts) {
    const { place, origin, roster, presence, uptimeMs, random, note } = ports;
    const { publisher } = this;
    const now = uptimeMs();
    this.#stateBucket = new TokenBucket(reportsPerSecond, reportsPerSecond / 10, now);
    this.#reportBucket = new TokenBucket(reportsPerSecond, reportsPerSecond / 10, now);
    this.#configBucket = new TokenBucket(configsPerSecond, configsPerSecond / 2, now);
    this.#records = new FleetRecords(ports.reads, uptimeMs, ports.breathe, (id, isRegistered) =>
      this.#wasRead(id, isRegistered),
    );
    this.requests = new Requests(place, ports, publisher, uptimeMs, note);
    this.#devices = new ToldDevices(
      place,
      origin,
      roster,
      presence,
      this.#records,
      publisher,
      ports.command !== null,
      uptimeMs,
      (id) => this.#configs.add(id),
    );
    this.#door = new BridgedDoor(ports.door, ports.now, uptimeMs);
    const facts = { place, origin, roster, canJoin: ports.join !== null, uptimeMs };
    this.#topics = new BridgeTopics(facts, this.#door, publisher);
    this.#sweep = new Sweep(place, uptimeMs, {
      isRegistered: (id) => roster.get(id) !== undefined,
      onOrphan: (id) => this.#forget(id),
      onFields: (id, fields) => this.#records.recall(id, fields),
      labelsOf: (id) => roster.get(id)?.labels,
    });
    this.#walk = new Walk(
      {
        ids: () => roster.ids(),
        isRead: (id) => this.#isRead(id),
        has: (id, topic) => topic !== "state" || (this.#records.get(id)?.newest ?? null) !== null,
        tell: (id, topic) => this.#devices.tell(id, topic),
      },
      uptimeMs,
    );
    const events = {
      onUp: (link: BrokerLink, most: number) => this.#up(link, most),
      onMessage: (message: Incoming) => this.#take(message),
      onDown: () => this.#down(),
    };
    this.connection = new Connection(ports.broker, events, uptimeMs, random, note);
    this.#stopListening = roster.listen((id) => this.#deviceChanged(id));
  }

  /** Bridges from now on; the roster is loaded. */
  begin(): void {
    this.#isWanted = true;
    this.connection.begin();
  }

  /**
   * Bridges no more.
   * @param isEnd whether nobody does; false: another server does from now on, and the devices stay as they are told
   */
  async end(isEnd: boolean): Promise<void> {
    this.#isWanted = false;
    if (isEnd) this.#topics.tellEnd();
    await this.connection.end();
    this.#records.forgetAll();
    this.#gone.clear();
  }

  /** Ends for good. */
  async close(): Promise<void> {
    this.#stopListening();
    await this.end(true);
  }

  /** Takes what was committed: called with every batch of reports, so it is quick. */
  takeFacts(facts: readonly Fact[]): void {
    if (!this.#isWanted) return;
    const now = this.ports.uptimeMs();
    for (const fact of facts) {
      if (fact.kind === "reported") {
        for (const [i, report] of fact.reports.entries())
          this.#takeReport(fact.sequences[i] as number, report, now);
      } else this.#takeRare(fact);
    }
  }

  /** Publishes what is due. Call it about 20 times a second. */
  tick(): void {
    if (!this.#isWanted) return;
    this.connection.tick();
    const { publisher } = this;
    if (!publisher.isUp) return;
    const now = this.ports.uptimeMs();
    this.#records.tick();
    const sweptNow = this.#sweep.tick();
    if (sweptNow && this.ports.place.discovery !== null) this.#topics.tellServer();
    this.#topics.tick();
    if (this.#birthAt !== null && now >= this.#birthAt) this.#tellAllAgain();
    this.#drain(this.#availability, (id) => this.#devices.tell(id, "availability"));
    this.#drainGone();
    this.#drain(this.#changed, (id) => this.#devices.tellChanges(id));
    this.#drain(this.#states, (id) => this.#tellState(id, now));
    if (!this.#sweep.isUnderWay) this.#tellConfigs(now);
    this.#walk.tick();
    this.#records.tick();
  }

  #takeReport(sequence: number, report: Report, now: number): void {
    const device = this.#records.note(sequence, report);
    if (!this.publisher.isUp) return;
    if (device !== undefined) this.#states.add(device.id);
    if (!this.#reportBucket.take(now)) this.publisher.dropped++;
    else {
      const payload = () => device?.payloadOf(report) ?? reportPayload(report);
      this.#devices.tellReport(report.device, payload);
    }
  }

  #takeRare(fact: Fact): void {
    if (fact.kind === "commanded") this.#takeCommand(fact.command);
    // Another device may have the id now.
    if (fact.kind === "registered" || fact.kind === "changed") this.#records.want(fact.id);
    if (atDoor.has(fact.kind)) this.#door.noteChange();
  }

  #takeCommand(row: CommandRow): void {
    if (this.publisher.isUp && this.ports.command !== null) {
      this.requests.commandChanged(toldCommand(row), row.ended !== null);
    }
  }

  #tellState(id: string, now: number): boolean {
    if (!this.publisher.hasRoom || !this.#stateBucket.take(now)) return false;
    const device = this.#records.get(id);
    // No fact tells of an interval: heartbeats are too many.
    const every = this.ports.presence.get(id)?.everySeconds ?? null;
    if (device !== undefined && isDeviceStale(device, every)) this.#changed.add(id);
    return this.#devices.tell(id, "state");
  }

  #tellConfigs(now: number): void {
    let looked = 0;
    for (const id of this.#configs) {
      if (!this.publisher.hasRoom || ++looked > configsLookedAt) return;
      // Only what is published costs one.
      this.#hasConfigToken ||= this.#configBucket.take(now);
      if (!this.#hasConfigToken) return;
      const outcome = this.#devices.tellConfig(id);
      if (outcome === "published") this.#hasConfigToken = false;
      if (outcome !== "later") this.#configs.delete(id);
    }
  }

  #drain(due: Set<string>, tell: (id: string) => boolean): void {
    for (const id of due) {
      if (!tell(id)) return;
      due.delete(id);
    }
  }

  #drainGone(): void {
    for (const id of this.#gone) {
      if (this.publisher.room < this.#devices.goneCount) return;
      this.#devices.tellGone(id);
      this.#gone.delete(id);
    }
  }

  #up(link: BrokerLink, most: number): void {
    this.publisher.attach(link, most);
    this.#topics.tellBegin();
    const { filters } = this.requests;
    if (filters.length > 0) link.subscribe(filters, 1);
    this.#sweep.begin(link);
    this.#tellAllAgain();
  }

  #down(): void {
    this.publisher.attach(null);
    this.#sweep.stop();
    this.#walk.stop();
    this.#birthAt = null;
    for (const due of [this.#availability, this.#changed, this.#states, this.#configs]) due.clear();
  }

  #tellAllAgain(): void {
    this.#birthAt = null;
    this.#records.forgetTold();
    this.#topics.forgetTold();
    if (!this.#sweep.isUnderWay) this.#topics.tellServer();
    // The list of devices is there: it was loaded before the bridge began.
    void this.#walk.begin().catch(() => {});
  }

  #take(message: Incoming): void {
    if (this.#sweep.take(message) || this.requests.take(message)) return;
    const { discovery } = this.ports.place;
    const isBirth = message.topic === `${discovery}/status` && message.payload === "online";
    if (isBirth && !message.retain) {
      this.#birthAt = this.ports.uptimeMs() + this.ports.random() * birthPauseMaxMs;
    }
  }

  #deviceChanged(id: string): void {
    if (!this.#isWanted) return;
    if (this.ports.roster.get(id) === undefined) return this.#forget(id);
    this.#gone.delete(id);
    if (!this.publisher.isUp) return;
    this.#availability.add(id);
    if (this.#records.get(id) === undefined) return this.#records.want(id);
    this.#changed.add(id);
    this.#configs.add(id);
  }

  #forget(id: string): void {
    this.#records.forget(id);
    this.#walk.leaveOut(id);
    for (const due of [this.#availability, this.#changed, this.#states, this.#configs])
      due.delete(id);
    if (this.#gone.size < goneMax) this.#gone.add(id);
  }

  #isRead(id: string): boolean {
    if (this.#records.get(id) !== undefined || this.ports.roster.get(id) === undefined) {
      this.#configs.add(id);
      return true;
    }
    if (!this.#records.isReading) this.#records.want(id);
    return false;
  }

  #wasRead(id: string, isRegistered: boolean): void {
    if (!isRegistered || this.ports.roster.get(id) === undefined) {
      this.#records.forget(id);
      return this.#walk.leaveOut(id);
    }
    if (!this.publisher.isUp) return;
    this.#configs.add(id);
    // The walk tells all of a device itself.
    if (this.#walk.includes(id)) return;
    this.#changed.add(id);
    this.#states.add(id);
  }
}
