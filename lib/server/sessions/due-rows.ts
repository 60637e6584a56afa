// The sessions whose stored row is older than their last packet. Writes none of them: `Presence` does, from time to time.

import type { Address } from "../../protocol/messages.ts";
import type { EngineClock } from "../engine-clock.ts";
import type { Session } from "./session.ts";

export class DueRows {
  #due: Session[] = [];

  constructor(private readonly clock: EngineClock) {}

  /** Notes that a packet of a session was accepted: its time and source, and that its row is due. */
  heard(session: Session, source: Address): void {
    session.lastSeen = this.clock.wallMs;
    session.heardAt = this.clock.uptimeMs;
    session.source = source;
    if (session.touched) return;
    session.touched = true;
    this.#due.push(session);
  }

  /** Returns the sessions that are due, and begins anew. */
  take(): Session[] {
    const due = this.#due;
    this.#due = [];
    return due;
  }

  /** Marks sessions whose rows could not be written as due again. */
  again(sessions: readonly Session[]): void {
    for (const session of sessions) {
      if (session.touched) continue;
      session.touched = true;
      this.#due.push(session);
    }
  }
}
