// Owns which packets and reports of the open sessions are news for the live events: goes through the sessions, a part in each
// call, and reads the reports in bulk. Sends nothing.

import type { ReportRow } from "../../server/rows.ts";
import type { LiveSession } from "../../fleet/live-session.ts";
import type { WebPorts } from "../ports.ts";

/** How many sessions one call examines at most: about 1 ms. */
const looksPerCall = 20_000;
const reportsPerCall = 500;
const seenPerCall = 2_000;

/** The last packet and report of a session that were told. */
type Told = { lastSeen: number; lastReport: number };
/** A report that is to be told. */
type Due = { readonly session: LiveSession; readonly number: number };

/** What is new. */
export type NewsFound = {
  /** The last report of each session that has a new one. */
  readonly reports: readonly ReportRow[];
  /** Whether there are more sessions with a new report: the next call goes on with them. */
  readonly more: boolean;
  /** When the last packet of each session with a new one came, ms since 1970, by the id of the device. */
  readonly seen: readonly (readonly [id: string, ms: number])[];
};

export class SessionNews {
  readonly #told = new WeakMap<LiveSession, Told>();
  #round: Iterator<LiveSession> | null = null;
  #begun = 0;

  constructor(private readonly ports: Pick<WebPorts, "presence" | "reports">) {}

  /** Begins with a new round. The packets and reports so far of sessions that are older count as told. @param now by the monotonic clock, ms */
  begin(now: number): void {
    this.#begun = now;
    this.#round = null;
  }

  /**
   * Finds the next news. Call it again when it has answered.
   * @param withSeen whether packets are wanted, besides reports
   */
  async next(withSeen: boolean): Promise<NewsFound> {
    const { due, moved, more } = this.#look(withSeen);
    const numbers = due.map(({ number }) => number);
    const found = numbers.length === 0 ? [] : await this.ports.reports.reportsAt(numbers);
    // A session that has ended meanwhile has no news: an event that tells its end may have been sent already.
    const reports: ReportRow[] = [];
    for (const [i, { session, number }] of due.entries()) {
      this.#toldOf(session).lastReport = number;
      const report = found[i] ?? null;
      if (report !== null && this.#isOpen(session)) reports.push(report);
    }
    const seen: [string, number][] = [];
    for (const session of moved) {
      this.#toldOf(session).lastSeen = session.lastSeen;
      if (this.#isOpen(session)) seen.push([session.id, session.lastSeen]);
    }
    return { reports, more, seen };
  }

  /** The next sessions with a report or a packet that was not told. */
  #look(withSeen: boolean): { due: Due[]; moved: LiveSession[]; more: boolean } {
    const due: Due[] = [];
    const moved: LiveSession[] = [];
    this.#round ??= this.ports.presence.all();
    for (let looks = 0; looks < looksPerCall; looks++) {
      // The next call continues with this session, so that every device gets its turn.
      if (due.length >= reportsPerCall) return { due, moved, more: true };
      const { value: session, done } = this.#round.next();
      if (done) {
        this.#round = null;
        break;
      }
      const told = this.#toldOf(session);
      if (session.lastReport > told.lastReport) due.push({ session, number: session.lastReport });
      if (withSeen && session.lastSeen !== told.lastSeen && moved.length < seenPerCall) {
        moved.push(session);
      }
    }
    return { due, moved, more: false };
  }

  #isOpen(session: LiveSession): boolean {
    return this.ports.presence.get(session.id) === session;
  }

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
}
