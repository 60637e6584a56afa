// A second server of the store that a `ServedFleet` has: it hears no device itself, and reads what the first one has stored.

import type { ElsewhereReads } from "../../lib/server/nodes.ts";
import type { SessionRow } from "../../lib/server/rows.ts";
import type { WebPorts } from "../../lib/web/ports.ts";
import type { Reads } from "./late-reads.ts";

/** The reads of another server. @param change what is different in the rows of sessions */
export function elsewhereOf(reads: Reads, change: Partial<SessionRow> = {}): ElsewhereReads {
  const openOf = async (id: string) => {
    const [latest] = await reads.sessions(id, Number.MAX_SAFE_INTEGER, 1);
    return latest?.ended === null ? { ...latest, node: "a", ...change } : null;
  };
  return {
    // A test says what was heard.
    heard: async () => ({ sessions: [], last: null, mark: "" }),
    reportsOfOthers: () => ({ next: async () => ({ reports: [], more: false }) }),
    openSessions: (ids) => Promise.all(ids.map(openOf)),
  };
}

/** The ports of node `b`, which hears no device. */
export function otherNode(reads: Reads, change: Partial<SessionRow> = {}): Partial<WebPorts> {
  return {
    node: "b",
    presence: { get: () => undefined, all: () => [][Symbol.iterator]() },
    elsewhere: elsewhereOf(reads, change),
  };
}
