// Owns the live events. They cost nothing on the packet path: twice a second this file asks for the news of the sessions,
// and encodes each event once for all clients that want it. Never stores or changes anything.

import { CommandNews } from "./command-news.ts";
import { AlertMarks } from "./alert-marks.ts";
import { DoorNews } from "./door-news.ts";
import { DeviceWatch } from "./device-watch.ts";
import type { LiveEvents, PresenceChange } from "../api/shapes.ts";
import type { Topic } from "../api/words.ts";
import {
  eventBytes,
  type LiveClient,
  type LiveClients,
  type Subscription,
} from "./live-clients.ts";
import { HeardElsewhere } from "./heard-elsewhere.ts";
import { timeText } from "../parameters.ts";
import type { ActivityLine, WebPorts } from "../ports.ts";
import { presenceFields, shortened } from "../devices/device-values.ts";
import type { Roster } from "../../fleet/roster.ts";
import { RosterRenewal } from "./roster-renewal.ts";
import { type NewsFound, SessionNews } from "./session-news.ts";
import { ForeignReports } from "./foreign-reports.ts";
import type { ServerStatus } from "../server-status.ts";

const frameMs = 500;
/** `seen` is sent with every 4th frame, `status` with every 2nd. */
const seenEvery = 4;
const statusEvery = 2;
/** How many devices a `seen` event has at most. */
const seenPerFrame = 2_000;
const changesPerFrame = 1_000;
const linesPerFrame = 100;
/** Reads that fail are noted this often at most, ms. */
const noteEveryMs = 60_000;

export class LiveFeed {
  readonly #changed = new Set<string>();
  readonly #news: SessionNews;
  readonly #elsewhere: HeardElsewhere;
  readonly #renewal: RosterRenewal;
  readonly #foreign: ForeignReports;
  readonly #door: DoorNews;
  readonly #commands: CommandNews;
  /** Which devices have alerts. */
  readonly marks: AlertMarks;
  /** Of each client that watches one device. */
  readonly #watched = new WeakMap<LiveClient, DeviceWatch>();
  #lines: ActivityLine[] = [];
  #skipped = 0;
  #stopListening: (() => void) | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #frames = 0;
  #isReading = false;
  /** When an error of a read was noted, by the monotonic clock, ms. */
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly ports: WebPorts,
    private readonly roster: Roster,
    private readonly clients: LiveClients,
    private readonly status: ServerStatus,
  ) {
    this.#news = new SessionNews(ports);
    this.#renewal = new RosterRenewal(ports, roster);
    this.#elsewhere = new HeardElsewhere(ports, status.nodes, roster);
    this.#foreign = new ForeignReports(ports);
    this.#door = new DoorNews(ports);
    this.#commands = new CommandNews(ports.openCommands);
    this.marks = new AlertMarks(ports);
  }

  /** Call it when a device was registered, was deregistered, or changed its presence. */
  noteChange(id: string): void {
    if (this.#timer !== null) this.#changed.add(id);
  }

  /**
   * Opens a stream of events for a browser.
   * @throws Problem `too-many`
   */
  async open(subscription: Subscription): Promise<Response> {
    // Reports from before it connected are not sent to it: what it loads afterwards has them.
    const { reports } = this.ports;
    const isAsked = subscription.device !== null || reports.isShared();
    const end = isAsked ? await this.#end() : null;
    return this.clients.open(subscription, hello(this.ports), () => this.adjust(end));
  }

  /** Above the numbers of all reports; null while the store is known not to tell. */
  async #end(): Promise<number | null> {
    try {
      return await this.ports.reports.end();
    } catch (error) {
      if (this.ports.loss() === null) throw error;
      return null;
    }
  }

  /**
   * Starts the frames if there is a client, else stops them; call it after a client was added or removed.
   * @param end a new client gets no reports with lower numbers of the device that it watches, and of other servers; null if
   *   it watches none, and there are none
   */
  readonly adjust = (end: number | null = null): void => {
    const wanted = this.clients.clients > 0;
    if (wanted && this.#timer === null) {
      this.#news.begin(this.ports.uptimeMs());
      this.#foreign.begin(end);
      this.#door.begin();
      this.marks.begin();
      this.#timer = setInterval(() => void this.frame(), frameMs);
    } else if (!wanted && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      this.#changed.clear();
    }
    for (const client of this.clients.all()) {
      const { device } = client;
      if (device === null || this.#watched.has(client)) continue;
      this.#watched.set(client, new DeviceWatch(this.ports, device, (end ?? 1) - 1));
    }
    this.#commands.want(this.clients.wants("commands"));
    const listening = this.clients.wants("activity");
    if (listening) this.#stopListening ??= this.ports.activity.listen((line) => this.#hear(line));
    else {
      this.#stopListening?.();
      this.#stopListening = null;
      this.#lines = [];
    }
  };

  /**
   * Sends events for what happened since the previous frame. While a store still reads for that one, only what needs no
   * store: events are sent in the order in which they were read.
   */
  async frame(): Promise<void> {
    this.#frames++;
    this.#tellChanges();
    this.#tellCommands();
    this.#tellLines();
    const withStatus = this.#frames % statusEvery === 0 && this.clients.wants("status");
    // Who connects after all others have left is told nothing from before.
    const timer = this.#timer;
    const isOver = () => timer !== this.#timer;
    if (!this.#isReading) await this.#tellStored(this.#frames % seenEvery === 0, isOver);
    // A browser without it takes the server for dead, which tells that its store does not answer.
    if (withStatus && !isOver()) await this.#tellStatus(isOver);
  }

  async #tellStored(withSeen: boolean, isOver: () => boolean): Promise<void> {
    this.#isReading = true;
    try {
      await this.#foreign.read();
      await this.#renewal.step();
      await this.#elsewhere.look();
      const news = await this.#news.next(withSeen);
      if (!isOver()) this.#tellNews(news);
      if (!isOver() && withSeen) this.#tellSeen(news.seen);
      await this.#tellWatchers();
      if (withSeen) {
        await this.#tellNew("pending", () => this.#door.next(), isOver);
        await this.#tellNew("alerts", () => this.marks.next(), isOver);
      }
    } catch (error) {
      // The next frame tries again. If the feed has ended meanwhile, so may have the store.
      if (!isOver()) this.#note(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** Tells what is new of a topic, if anybody wants it; nobody who watches one device. */
  async #tellNew<T extends Topic>(
    topic: T,
    next: () => Promise<LiveEvents[T] | null>,
    isOver: () => boolean,
  ): Promise<void> {
    const news = this.clients.wants(topic) ? await next() : null;
    if (news !== null && !isOver()) this.clients.tell(topic, news, () => null);
  }

  async #tellStatus(isOver: () => boolean): Promise<void> {
    try {
      const status = await this.status.read();
      if (!isOver()) this.clients.tell("status", status);
    } catch (error) {
      if (!isOver()) this.#note(error);
    }
  }

  #note(error: unknown): void {
    const now = this.ports.uptimeMs();
    if (now - this.#notedAt < noteEveryMs) return;
    this.#notedAt = now;
    this.ports.noteError(error instanceof Error ? error : new Error(String(error)));
  }

  close(): void {
    this.clients.closeAll();
    this.adjust();
  }

  #hear(line: ActivityLine): void {
    // A flood of refusals leaves room for what else happens.
    const max = line.level === "error" ? linesPerFrame / 2 : linesPerFrame;
    if (this.#lines.length < max) this.#lines.push(line);
    else this.#skipped++;
  }

  #tellLines(): void {
    if (this.#lines.length === 0) return;
    const [lines, skipped] = [this.#lines, this.#skipped];
    this.#lines = [];
    this.#skipped = 0;
    this.clients.tell("activity", { lines, skipped });
  }

  #tellChanges(): void {
    const changes: PresenceChange[] = [];
    const removed: string[] = [];
    for (const id of this.#changed) {
      this.#changed.delete(id);
      const entry = this.roster.get(id);
      if (entry === undefined) removed.push(id);
      else changes.push({ id, ...presenceFields(this.ports, this.roster, entry) });
      if (changes.length + removed.length >= changesPerFrame) break;
    }
    if (changes.length + removed.length === 0) return;
    this.clients.tell("devices", { changes, removed }, (device) => {
      const own = changes.filter(({ id }) => id === device);
      const gone = removed.filter((id) => id === device);
      return own.length + gone.length === 0 ? null : { changes: own, removed: gone };
    });
  }

  #tellCommands(): void {
    const changes = this.#commands.take();
    if (changes.length === 0) return;
    this.clients.tell("commands", { changes }, (id) => {
      const own = changes.filter(({ device }) => device === id);
      return own.length === 0 ? null : { changes: own };
    });
  }

  #tellNews(news: NewsFound): void {
    const { reports, more } = this.#foreign.take(news.reports);
    for (const { device, received } of reports) this.roster.hear(device, null, received);
    if (reports.length > 0) {
      const event = { reports: reports.map(shortened), more: more || news.more };
      this.clients.tell("reports", event, () => null);
    }
  }

  #tellSeen(here: NewsFound["seen"]): void {
    const seen = [...here, ...this.#elsewhere.take(seenPerFrame - here.length)];
    if (seen.length === 0) return;
    this.clients.tell("seen", { seen }, (device) => {
      const own = seen.filter(([id]) => id === device);
      return own.length === 0 ? null : { seen: own };
    });
  }

  /** Sends each new report of a device to the clients that watch it. */
  async #tellWatchers(): Promise<void> {
    const watchers = Array.from(this.clients.all()).filter(({ topics }) =>
      topics.includes("reports"),
    );
    await Promise.all(watchers.map((client) => this.#tellWatcher(client)));
  }

  async #tellWatcher(client: LiveClient): Promise<void> {
    const news = await this.#watched.get(client)?.next(this.#foreign.since);
    if (news === undefined || news.reports.length === 0) return;
    const { reports, more } = news;
    const event: LiveEvents["reports"] = { reports: reports.map(shortened), more };
    client.send(eventBytes("reports", event));
  }
}

/** The first event of a stream. */
function hello(ports: WebPorts): Uint8Array {
  const { version, node, devicePort } = ports;
  const event: LiveEvents["hello"] = { time: timeText(ports.now()), version, node, devicePort };
  return eventBytes("hello", event);
}
