// A device's session, from its LOGIN to its end. In memory only; the store keeps what a restart needs.

import { DeviceClock } from "./device-clock.ts";
import type { Moment } from "../moment.ts";
import type { Address } from "../../protocol/messages.ts";
import type { EndReason, SessionRow } from "../rows.ts";
import type { Request } from "../request.ts";

/** What a session is when it begins. */
export type SessionFacts = Pick<
  Session,
  "row" | "id" | "owner" | "sealed" | "source" | "stated" | "lastSeen" | "heardAt" | "everySeconds"
>;

/** The end of a session; times in ms since 1970. */
export type SessionEnd = {
  readonly session: Session;
  readonly reason: EndReason;
  /** When its last packet came. */
  readonly lastSeen: number;
  readonly at: number;
};

/** A logged-in device. */
export class Session {
  /** The number of its row. */
  readonly row: number;
  readonly id: string;
  /** Whose requests may use it (protocol §4.8): a source IP; for a sealed session a client's static key in base64. */
  readonly owner: string;
  readonly sealed: boolean;
  /** Where its last packet came from. */
  source: Address;
  /** The ip and port in its LOGIN, which other devices get in answer to a QUERY 01. */
  readonly stated: Address;
  /** When its last packet came, ms since 1970, to be stored and shown. */
  lastSeen: number;
  /** When its last packet came, by the monotonic clock, in ms: its silence counts from then. */
  heardAt: number;
  /** The heartbeat interval that its device stated, or null. */
  everySeconds: number | null;
  /** When it was opened, or restored at the start, by the monotonic clock, ms. */
  readonly openedAt: number;
  /** Sequence number of its last report; 0 if it is not known. */
  lastReport = 0;
  /** What it shows of its device's clock. */
  readonly clock = new DeviceClock();
  /** Repeated reports that are not counted in the device's row yet. */
  repeats = 0;
  /** A step that ends it is under way: for later requests it counts as ended. */
  ending = false;
  /** An end of which it is not known whether it was stored: only the same end may be tried again. */
  tried: SessionEnd | null = null;
  /** The LOGOFF that ends it, while its commit is under way. */
  leaving: Request | null = null;
  /** Whether its row in the store is out of date and queued for writing. */
  touched = false;

  constructor(facts: SessionFacts) {
    this.row = facts.row;
    this.id = facts.id;
    this.owner = facts.owner;
    this.sealed = facts.sealed;
    this.source = facts.source;
    this.stated = facts.stated;
    this.lastSeen = facts.lastSeen;
    this.heardAt = facts.heardAt;
    this.everySeconds = facts.everySeconds;
    this.openedAt = facts.heardAt;
  }

  /** Creates a session from its row. Its silence counts from now, because packets may have been missed before. */
  static from(stored: SessionRow, now: Moment): Session {
    const { session: row, device: id, source, stated, lastSeen, everySeconds, clientKey } = stored;
    const sealed = clientKey !== null;
    const owner = ownerOf(stored);
    const heardAt = now.monotonic;
    const restored = new Session({
      row,
      id,
      owner,
      sealed,
      source,
      stated,
      lastSeen,
      heardAt,
      everySeconds,
    });
    restored.clock.restore(stored.clockOffset, now);
    return restored;
  }
}

/** Whose requests may use a session, as `Session.owner`. */
export function ownerOf({ clientKey, source }: Pick<SessionRow, "clientKey" | "source">): string {
  return clientKey === null ? source.ip : Buffer.from(clientKey).toString("base64");
}
