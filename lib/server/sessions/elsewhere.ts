// What other nodes have done to sessions and devices, and what they pass on: drops from memory what this node does not hear
// any more, and tells the feed. Asks the store for nothing.

import type { Desk } from "../desk.ts";
import type { Relay } from "../links/relay.ts";
import type { Moment } from "../moment.ts";
import type { PlacedRow, Relayed } from "../nodes.ts";
import type { SessionRow } from "../rows.ts";
import { forgetSession } from "./session-end.ts";

export class Elsewhere {
  constructor(
    private readonly desk: Desk,
    private readonly relay: Relay,
  ) {}

  /**
   * Devices as the store has them, because another node has changed them.
   * @param devices null for each that is not registered
   */
  noteChanged(devices: ReadonlyMap<string, PlacedRow | null>, now: Moment): void {
    const { clock, nodes, sessions, feed } = this.desk;
    clock.set(now);
    for (const [id, row] of devices) {
      const session = sessions.get(id);
      // What was read before the session in memory was opened says nothing of it.
      const isOlder = session !== undefined && row !== null && row.session < session.row;
      const isOwn = row?.session === session?.row && row?.ended === null && row.node === nodes.own;
      if (row !== null && (isOlder || isOwn)) {
        feed.tell({ kind: "labelled", id, labels: row.labels, isOwn: false });
        continue;
      }
      // One that is ending learns its end from its own step.
      if (session?.ending === false) forgetSession(this.desk, session);
      feed.tell({ kind: "changed", id, row });
    }
    feed.publish();
  }

  /** Sessions of a node that is gone have been ended as `offline` by this one. */
  noteEnded(ended: readonly SessionRow[], now: Moment): void {
    const { clock, feed, log } = this.desk;
    clock.set(now);
    for (const { device: id, session, lastSeen, ended: at } of ended) {
      feed.tell({ kind: "ended", id, session, reason: "offline", lastSeen, at: at ?? now.wall });
      log.activity("info", "-", "-", `${id} went offline: its server is gone, and it is silent`);
    }
    feed.publish();
  }

  /** Sends a packet that came through another node to its device. */
  deliver(relayed: Relayed, now: Moment): void {
    this.desk.clock.set(now);
    this.relay.deliver(relayed);
  }
}
