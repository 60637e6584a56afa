// Ends the session of a silent device as `offline` (protocol §4.5), and writes the changed session rows from time to
// time. A tick checks only a part of the sessions, so that a hundred thousand of them do not stall the event loop.

import type { Desk } from "../desk.ts";
import { limits, silenceMaxMs } from "../policy.ts";
import type { Touch } from "../rows.ts";
import type { Rule } from "../store-port.ts";
import type { Session } from "./session.ts";
import { endNow, endOf, forgetSession, keepOpen, noteEnd } from "./session-end.ts";

/** Sessions checked in one tick: a fifth of all, and at least this many. */
const lookedAtMin = 1_000;
const ticksARound = 5;

/** A longer gap between ticks, in ms, means that the server received nothing meanwhile: the process was stopped. */
const gapMax = 5_000;

export class PresenceSweep {
  #round: Iterator<Session> | null = null;
  #writtenAt: number;
  /** Sessions whose rows are due in this round and not written yet. */
  #behind: Session[] = [];

  /** Since when the server receives packets, by the monotonic clock, ms. Earlier silence does not count: packets may have been missed. */
  #listeningSince: number;
  #tickedAt: number;

  constructor(private readonly desk: Desk) {
    this.#writtenAt = desk.uptimeMs;
    this.#listeningSince = desk.uptimeMs;
    this.#tickedAt = desk.uptimeMs;
  }

  /** Ends silent sessions. Every ten seconds it begins to write the session rows that are due, some in each tick. */
  tick(): void {
    this.#noticeGap();
    // What came meanwhile was refused: no silence of that time counts.
    if (this.desk.isUnsure) this.#listeningSince = this.desk.uptimeMs;
    else this.#sweep();
    if (this.#behind.length === 0 && this.desk.uptimeMs - this.#writtenAt >= limits.touchEveryMs) {
      this.#writtenAt = this.desk.uptimeMs;
      this.#behind = this.desk.due.take();
    }
    this.#writeSome(limits.touchesPerBatch);
  }

  /** Adds all session rows that are due to the current batch, for a clean stop. */
  writeAll(): void {
    this.#behind.push(...this.desk.due.take());
    this.#writeSome(this.#behind.length);
  }

  #writeSome(most: number): void {
    const sessions = this.#behind.splice(0, most);
    // In the lanes of their devices: so a row has what was heard last, and what ended it is not before that.
    const { batch } = this.desk;
    const byLane = Map.groupBy(sessions, ({ id }) => batch.laneOf(id));
    for (const own of byLane.values()) this.#write(own);
  }

  #write(sessions: readonly Session[]): void {
    const { wallMs: wall, uptimeMs: monotonic } = this.desk;
    const touches = sessions.map((session): Touch => {
      session.touched = false;
      const { row, id: device, repeats, lastSeen, source, everySeconds } = session;
      session.repeats = 0;
      const clockOffset = session.clock.offsetAt({ wall, monotonic });
      return { session: row, device, repeats, lastSeen, source, everySeconds, clockOffset };
    });
    const onTouched = (_: null, touched: number) => {
      // Another node hears some of them by now.
      if (touched < touches.length) this.desk.nodes.compare(touches.map(({ device }) => device));
    };
    const onFail = () => {
      for (const [i, session] of sessions.entries()) session.repeats += touches[i]?.repeats ?? 0;
      this.desk.due.again(sessions);
    };
    this.desk.batch.submit(touching(touches), null, onTouched, onFail);
  }

  #noticeGap(): void {
    const { uptimeMs } = this.desk;
    const passed = uptimeMs - this.#tickedAt;
    this.#tickedAt = uptimeMs;
    if (passed <= gapMax) return;
    this.#listeningSince = uptimeMs;
    this.#writtenAt = uptimeMs;
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
    const { policy, uptimeMs } = this.desk;
    const heard = Math.max(session.heardAt, this.#listeningSince);
    return uptimeMs - heard > silenceMaxMs(policy, session.everySeconds);
  }

  #end(session: Session): void {
    const { desk } = this;
    session.ending = true;
    const end = endNow(desk, session, "offline");
    desk.batch.submit(
      endOf(end, [], desk.nodes.own),
      null,
      (hasEnded) => {
        // Else another node has it now.
        if (!hasEnded) return void forgetSession(desk, session);
        if (!noteEnd(desk, end)) return;
        const seconds = Math.round((desk.uptimeMs - session.heardAt) / 1000);
        desk.log.activity(
          "info",
          "-",
          "-",
          `${session.id} went offline: no packet for ${seconds} s`,
        );
      },
      (how) => keepOpen(desk, end, how),
    );
  }
}

/** @param touches of devices of one lane */
function touching(touches: readonly Touch[]): Rule<null> {
  const writes = [{ kind: "touch-sessions", touches }] as const;
  const laneOf = touches[0]?.device ?? "";
  return { kind: "rule", keys: {}, laneOf, decide: () => ({ outcome: null, writes }) };
}
