// Owns the live events. They cost nothing on the packet path: twice a second this file searches the sessions for newer
// packets and reports, and encodes each event once for all clients that want it. Never stores or changes anything.

import type { ReportRow } from "../server/rows.ts";
import type { LiveEvents, PresenceChange, Report } from "./api/shapes.ts";
import type { Topic } from "./api/words.ts";
import { eventBytes, type LiveClient, type LiveClients } from "./live-clients.ts";
import { timeText } from "./parameters.ts";
import type { ActivityLine, LiveSession, WebPorts } from "./ports.ts";
import { presenceFields, reportOf } from "./device-values.ts";
import type { Roster } from "./roster.ts";
import type { Status } from "./status.ts";

const frameMs = 500;
/** `seen` is sent with every 4th frame, `status` with every 2nd. */
const seenEvery = 4;
const statusEvery = 2;
/** How many sessions one frame examines at most: about 1 ms. */
const looksPerFrame = 20_000;
const reportsPerFrame = 500;
const seenPerEvent = 2_000;
const changesPerFrame = 1_000;
const linesPerFrame = 100;
const messageCharsMax = 256;
/** How many reports a client that watches one device gets per frame at most. */
const ownReportsPerFrame = 100;

/** The last packet and report of a session that events were sent for. */
type Told = { lastSeen: number; lastReport: number };

export class LiveFeed {
  readonly #changed = new Set<string>();
  readonly #told = new WeakMap<LiveSession, Told>();
  /** For each client that watches one device: the number of the last report that was sent to it. */
  readonly #watched = new WeakMap<LiveClient, number>();
  #round: Iterator<LiveSession> | null = null;
  #lines: ActivityLine[] = [];
  #skipped = 0;
  #stopListening: (() => void) | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #frames = 0;
  /** When the frames were last started, by the monotonic clock, ms. */
  #begun = 0;

  constructor(
    private readonly ports: WebPorts,
    private readonly roster: Roster,
    private readonly clients: LiveClients,
    private readonly status: Status,
  ) {}

  /** Call it when a device was registered, was deregistered, or changed its presence. */
  noteChange(id: string): void {
    if (this.#timer !== null) this.#changed.add(id);
  }

  /** Starts the frames if there is a client, else stops them; call it after a client was added or removed. */
  readonly adjust = (): void => {
    const wanted = this.clients.clients > 0;
    if (wanted && this.#timer === null) {
      this.#begun = this.ports.uptimeMs();
      this.#timer = setInterval(() => this.frame(), frameMs);
    } else if (!wanted && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      this.#changed.clear();
      this.#round = null;
    }
    for (const client of this.clients.all()) {
      // Reports from before the client connected are not sent to it.
      if (client.device === null || this.#watched.has(client)) continue;
      this.#watched.set(client, this.ports.reports.end() - 1);
    }
    const listening = this.clients.wants("activity");
    if (listening) this.#stopListening ??= this.ports.activity.listen((line) => this.#hear(line));
    else {
      this.#stopListening?.();
      this.#stopListening = null;
      this.#lines = [];
    }
  };

  /** Sends events for what happened since the previous frame. */
  frame(): void {
    this.#frames++;
    this.#tellChanges();
    this.#tellSessions();
    if (this.#lines.length > 0) {
      const [lines, skipped] = [this.#lines, this.#skipped];
      this.#lines = [];
      this.#skipped = 0;
      this.#tell("activity", { lines, skipped });
    }
    if (this.#frames % statusEvery === 0 && this.clients.wants("status")) {
      this.#tell("status", this.status.read());
    }
  }

  close(): void {
    this.clients.closeAll();
    this.adjust();
  }

  #hear(line: ActivityLine): void {
    if (this.#lines.length < linesPerFrame) this.#lines.push(line);
    else this.#skipped++;
  }

  #tellChanges(): void {
    const changes: PresenceChange[] = [];
    const removed: string[] = [];
    for (const id of this.#changed) {
      this.#changed.delete(id);
      const entry = this.roster.get(id);
      if (entry === undefined) removed.push(id);
      else changes.push({ id, ...presenceFields(this.roster, entry) });
      if (changes.length + removed.length >= changesPerFrame) break;
    }
    if (changes.length + removed.length === 0) return;
    this.#tell("devices", { changes, removed }, (device) => {
      const own = changes.filter(({ id }) => id === device);
      const gone = removed.filter((id) => id === device);
      return own.length + gone.length === 0 ? null : { changes: own, removed: gone };
    });
  }

  /** Examines a part of the sessions for newer packets and reports; the next frame continues there. */
  #tellSessions(): void {
    const withSeen = this.#frames % seenEvery === 0;
    const last: number[] = [];
    const seen: [string, number][] = [];
    let more = false;
    this.#round ??= this.ports.presence.all();
    for (let looks = 0; looks < looksPerFrame; looks++) {
      if (last.length >= reportsPerFrame) {
        // The next frame continues with this session, so that every device gets its turn.
        more = true;
        break;
      }
      const { value: session, done } = this.#round.next();
      if (done) {
        this.#round = null;
        break;
      }
      const told = this.#toldOf(session);
      if (session.lastReport > told.lastReport) {
        told.lastReport = session.lastReport;
        last.push(session.lastReport);
      }
      if (withSeen && session.lastSeen !== told.lastSeen && seen.length < seenPerEvent) {
        told.lastSeen = session.lastSeen;
        seen.push([session.id, session.lastSeen]);
      }
    }
    const reports = this.ports.reports.reportsAt(last).filter((report) => report !== null);
    if (reports.length > 0) {
      this.#tell("reports", { reports: reports.map(shortened), more }, () => null);
    }
    if (seen.length > 0) {
      this.#tell("seen", { seen }, (device) => {
        const own = seen.filter(([id]) => id === device);
        return own.length === 0 ? null : { seen: own };
      });
    }
    this.#tellWatchers();
  }

  /**
   * What was sent for a session. If the session is older than the feed, its packets and reports so far count as sent.
   */
  #toldOf(session: LiveSession): Told {
    let told = this.#told.get(session);
    if (told === undefined) {
      const isNew = session.openedAt >= this.#begun;
      told = isNew
        ? { lastSeen: 0, lastReport: 0 }
        : { lastSeen: session.lastSeen, lastReport: session.lastReport };
      this.#told.set(session, told);
    }
    return told;
  }

  /** Sends each new report of a device to the clients that watch it. */
  #tellWatchers(): void {
    for (const client of this.clients.all()) {
      const { device } = client;
      if (device === null || !client.topics.includes("reports")) continue;
      const last = this.ports.presence.get(device)?.lastReport ?? 0;
      const from = this.#watched.get(client) ?? 0;
      this.#watched.set(client, Math.max(from, last));
      if (last <= from) continue;
      const scan = this.ports.reports.scan(device, { low: from + 1, high: last + 1 }, "newest");
      const reports = scan.next(ownReportsPerFrame).toReversed();
      if (reports.length === 0) continue;
      const event: LiveEvents["reports"] = { reports: reports.map(shortened), more: !scan.done };
      client.send(eventBytes("reports", event));
    }
  }

  /**
   * Sends an event to all clients that want its topic.
   * @param only returns the part of the data for clients that watch one device, or null for none; if omitted, they get
   *   the whole event
   */
  #tell<T extends Topic>(
    topic: T,
    data: LiveEvents[T],
    only?: (device: string) => LiveEvents[T] | null,
  ): void {
    let shared: Uint8Array | null = null;
    for (const client of this.clients.all()) {
      if (!client.topics.includes(topic)) continue;
      if (client.device !== null && only !== undefined) {
        const own = only(client.device);
        if (own !== null) client.send(eventBytes(topic, own));
      } else {
        shared ??= eventBytes(topic, data);
        client.send(shared);
      }
    }
  }
}

/** The first event of a stream. */
export function hello(ports: WebPorts): Uint8Array {
  const { version, devicePort } = ports;
  const event: LiveEvents["hello"] = { time: timeText(ports.now()), version, devicePort };
  return eventBytes("hello", event);
}

function shortened(report: ReportRow): Report {
  const { message } = report;
  if (message.length <= messageCharsMax) return reportOf(report);
  return reportOf({ ...report, message: message.slice(0, messageCharsMax) });
}
