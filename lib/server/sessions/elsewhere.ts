// What other nodes have done to sessions and devices, and what they pass on: drops from memory what this node does not hear
// any more, takes up what the store says is its own, and tells the feed.

import { BoundedMap } from "../../bounded-map.ts";
import { push } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import type { Relay } from "../links/relay.ts";
import type { Moment } from "../moment.ts";
import type { PlacedRow, Relayed } from "../nodes.ts";
import { limits } from "../policy.ts";
import type { SessionRow } from "../rows.ts";
import type { Rule } from "../store-port.ts";
import { type Moved, takeUp } from "./adoption.ts";
import type { Session } from "./session.ts";
import { forgetSession, isEnd, noteEnd } from "./session-end.ts";

/** How long after its result was given up a batch may still be stored, ms: longer than any wait of a store. */
const settleMs = 15_000;

export class Elsewhere {
  /** When the devices in doubt are compared again, by the monotonic clock, ms; the earliest first. */
  readonly #doubts = new BoundedMap<string, number>(limits.doubts);

  constructor(
    private readonly desk: Desk,
    private readonly relay: Relay,
  ) {}

  /**
   * Devices as the store has them, because another node has changed them, or because memory may be wrong.
   * @param devices null for each that is not registered; none that this node has changed since it was read
   */
  noteChanged(devices: ReadonlyMap<string, PlacedRow | null>, now: Moment): void {
    const { clock, nodes, sessions, commands, feed, recentChanges } = this.desk;
    clock.set(now);
    for (const [id, row] of devices) {
      const session = sessions.get(id);
      const isOwn = row?.ended === null && row.node === nodes.own;
      if (isOwn) feed.tell({ kind: "labelled", id, labels: row.labels, isOwn: false });
      // Those of a device that is deregistered wait for it to come back.
      if (row !== null) feed.tell({ kind: "commands", id, numbers: row.openCommands });
      if (isOwn && row.session === session?.row) {
        if (row.openCommands !== commands.numbersOf(id)) this.#renewCommands(id, row.session);
        continue;
      }
      recentChanges.note(id, now.monotonic);
      if (isOwn) this.#restore(id);
      else this.#leave(id, session, row);
    }
    feed.publish();
  }

  /** It is not known what became of a request of these devices: memory may be wrong, and the store may change yet. */
  doubt(ids: readonly string[]): void {
    const at = this.desk.uptimeMs + settleMs;
    for (const id of ids) this.#doubts.renew(id, at);
    this.desk.nodes.compare(ids);
  }

  /** Compares again what is still in doubt. The caller has set the time. */
  tick(): void {
    const due: string[] = [];
    for (const [id, at] of this.#doubts) {
      if (at > this.desk.uptimeMs) break;
      due.push(id);
    }
    if (due.length === 0) return;
    for (const id of due) this.#doubts.delete(id);
    this.desk.nodes.compare(due);
  }

  /** Sessions of a node that is gone have been ended as `offline` by this one. */
  noteEnded(ended: readonly SessionRow[], now: Moment): void {
    const { clock, feed, log, sessions } = this.desk;
    clock.set(now);
    for (const { device: id, session, lastSeen, ended: at } of ended) {
      const known = sessions.get(id);
      if (known?.row === session) forgetSession(this.desk, known);
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

  /** A session is this node's, and memory does not have it: the batch that opened or moved it was not answered, or is not yet. */
  #restore(id: string): void {
    const { desk } = this;
    desk.batch.submit(
      findingOwn(id, desk.nodes.own),
      null,
      (found) => {
        if (found !== null) takeUp(desk, found);
      },
      () => desk.nodes.compare([id]),
    );
  }

  /** Another node has queued or ended commands of a device that this one hears. */
  #renewCommands(id: string, session: number): void {
    const { desk } = this;
    desk.batch.submit(findingOwn(id, desk.nodes.own), null, (found) => {
      if (found?.row.session !== session || desk.sessions.get(id)?.row !== session) return;
      desk.commands.load(id, found.commands, false);
      push(desk, id, "time");
    });
  }

  /** A device is not this node's. */
  #leave(id: string, session: Session | undefined, row: PlacedRow | null): void {
    const { desk } = this;
    // One that is ending learns its end from its own step.
    if (session?.ending === true) return;
    if (
      session !== undefined &&
      row !== null &&
      session.tried !== null &&
      isEnd(session.tried, row)
    ) {
      noteEnd(desk, session.tried);
      return;
    }
    if (session !== undefined) forgetSession(desk, session);
    desk.feed.tell({ kind: "changed", id, row });
  }
}

/** The rule that finds the open session of a device, with its commands, if this node heard it last. Its outcome is null if not. */
function findingOwn(id: string, own: string): Rule<Moved | null> {
  return {
    kind: "rule",
    keys: { device: id, withSession: true, withCommands: true },
    decide: ({ device, session, commands }) => {
      const isOwn = device !== null && session?.ended === null && session.node === own;
      return { outcome: isOwn ? { row: session, commands } : null, writes: [] };
    },
  };
}
