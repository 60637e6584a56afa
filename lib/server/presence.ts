// Presence that is true: a session whose device fell silent ends as `offline`. Looks at a share of the sessions each
// tick, so that a hundred thousand do not stall the loop, and writes last packets behind.

import type { Desk } from "./desk.ts";
import { limits, silenceMaxMs } from "./policy.ts";
import type { Session } from "./session.ts";

/** Sessions looked at in one tick: all of them in five ticks, and at least this many. */
const lookedAtMin = 1_000;
const ticksARound = 5;

/** Ticks further apart than this mean that nobody listened in between (a sleeping machine, a clock set forward). */
const gapMax = 5_000;

export class Presence {
  #round: Iterator<Session> | null = null;
  #writtenAt: number;
  /** Touched sessions of this round that are not written yet. */
  #behind: Session[] = [];

  /** Since when somebody listens: nobody is offline for what was sent before. */
  #listeningSince: number;
  #tickedAt: number;

  constructor(
    private readonly desk: Desk,
    startedAt: number,
  ) {
    this.#writtenAt = startedAt;
    this.#listeningSince = startedAt;
    this.#tickedAt = startedAt;
  }

  /** Ends the sessions that are due, and writes last packets behind every ten seconds. */
  tick(): void {
    this.#noticeGap();
    this.#sweep();
    if (this.#behind.length === 0 && this.desk.now - this.#writtenAt >= limits.touchEveryMs) {
      this.#writtenAt = this.desk.now;
      this.#behind = this.desk.takeTouched();
    }
    this.#writeSome(limits.touchesPerBatch);
  }

  /** Puts all last packets that are not written yet into the batch in hand, for a clean stop. */
  writeAll(): void {
    this.#behind.push(...this.desk.takeTouched());
    this.#writeSome(this.#behind.length);
  }

  #writeSome(most: number): void {
    const sessions = this.#behind.splice(0, most);
    if (sessions.length === 0) return;
    const rows = sessions.map((session) => {
      session.touched = false;
      const { row, lastSeen, source, everySeconds } = session;
      return { session: row, lastSeen, source, everySeconds };
    });
    const onFail = () => this.desk.stillTouched(sessions);
    this.desk.submit({ kind: "touch", sessions: rows }, null, () => {}, onFail);
  }

  #noticeGap(): void {
    const { now } = this.desk;
    const passed = now - this.#tickedAt;
    this.#tickedAt = now;
    if (passed >= 0 && passed <= gapMax) return;
    this.#listeningSince = now;
    this.#writtenAt = now;
  }

  #sweep(): void {
    const { sessions } = this.desk;
    const share = Math.max(lookedAtMin, Math.ceil(sessions.size / ticksARound));
    this.#round ??= sessions.values();
    for (let i = 0; i < share; i++) {
      const { value, done } = this.#round.next();
      if (done) {
        this.#round = null;
        return;
      }
      if (!value.ending && this.#isSilent(value)) this.#end(value);
    }
  }

  #isSilent(session: Session): boolean {
    const { policy, now } = this.desk;
    // Set back, the clock may be behind the last packet.
    session.lastSeen = Math.min(session.lastSeen, now);
    const heard = Math.max(session.lastSeen, this.#listeningSince);
    return now - heard > silenceMaxMs(policy, session.everySeconds);
  }

  #end(session: Session): void {
    const { desk } = this;
    session.ending = true;
    desk.submit(
      { kind: "end", session: session.row, reason: "offline", at: desk.now },
      null,
      () => {
        if (!desk.endSession(session)) return;
        const seconds = Math.round((desk.now - session.lastSeen) / 1000);
        desk.log.activity(
          "info",
          "-",
          "-",
          `${session.id} went offline: no packet for ${seconds} s`,
        );
      },
      () => {
        session.ending = false;
      },
    );
  }
}
