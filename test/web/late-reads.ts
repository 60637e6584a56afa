// A store whose reads answer later, as one behind a network does: each after some microtasks, so that reads under way at the
// same time end in any order, and as of any moment in between. By a seed. Never writes.

import type { DeviceReads, ReportReads } from "../../lib/server/store-reads.ts";
import type { Soon } from "../../lib/server/soon.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";

export type Reads = DeviceReads & ReportReads;
/** What is read; `next` is a step of a scan, `messages` one of a scan of messages. */
export type ReadName = Exclude<keyof Reads, "scan" | "isShared"> | "next";

/** The most microtasks that a read takes. */
const lateMax = 20;

/**
 * Makes reads answer later.
 * @param during called while a read is under way: before it has read, or after
 * @param rosterMax at most so many devices in one read of the roster, so that a few devices take many
 */
export function lateReads(
  reads: Reads,
  seed: number,
  during: (name: ReadName) => Soon<void> = () => {},
  rosterMax = Infinity,
): Reads {
  const random = new SeededRandom(seed);
  const later = async <T>(name: ReadName, read: () => Soon<T>): Promise<T> => {
    const early = random.below(2) === 0 ? [await read()] : [];
    await during(name);
    for (let i = random.below(lateMax); i > 0; i--) await Promise.resolve();
    for (const value of early) return value;
    return read();
  };
  const laterScan = <Row>(
    name: ReadName,
    scan: { next(limit: number): Soon<Row>; readonly done: boolean },
  ) => ({
    next: (limit: number) => later(name, () => scan.next(limit)),
    get done() {
      return scan.done;
    },
  });
  return {
    roster: (after, limit) =>
      later("roster", () => reads.roster(after, Math.min(limit, rosterMax))),
    facts: (id) => later("facts", () => reads.facts(id)),
    factsOf: (ids) => later("factsOf", () => reads.factsOf(ids)),
    sessions: (...asked) => later("sessions", () => reads.sessions(...asked)),
    sessionsOf: (...asked) => later("sessionsOf", () => reads.sessionsOf(...asked)),
    questions: (...asked) => later("questions", () => reads.questions(...asked)),
    commands: (query) => later("commands", () => reads.commands(query)),
    command: (number) => later("command", () => reads.command(number)),
    chunks: (from, to) => later("chunks", () => reads.chunks(from, to)),
    timesAt: (...asked) => later("timesAt", () => reads.timesAt(...asked)),
    firstsFrom: (...asked) => later("firstsFrom", () => reads.firstsFrom(...asked)),
    end: () => later("end", () => reads.end()),
    first: () => later("first", () => reads.first()),
    count: () => later("count", () => reads.count()),
    isShared: () => reads.isShared(),
    reportsAt: (numbers) => later("reportsAt", () => reads.reportsAt(numbers)),
    latestOf: (ids) => later("latestOf", () => reads.latestOf(ids)),
    scan: (...asked) => laterScan("next", reads.scan(...asked)),
    messages: (...asked) => laterScan("messages", reads.messages(...asked)),
  };
}
