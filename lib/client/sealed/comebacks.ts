// Comebacks: after the server lost the link (a restart), every id that was logged in sends RESUME or LOGIN, one after
// the other, each repeated on schedule. Requests wait until all are done or given up. Never makes a link itself.

import { ack } from "../../protocol/codes.ts";
import type { Frame } from "../../sealed/frames.ts";
import { type RetrySchedule, retrySchedule } from "../retry-schedule.ts";
import type { SealedLogin, SealedLogins } from "./logins.ts";
import type { Msgids } from "../msgids.ts";
import type { SealedPorts } from "./ports.ts";

type Comeback = {
  readonly login: SealedLogin;
  readonly msgid: bigint;
  schedule: RetrySchedule;
  sendings: number;
  isBusy: boolean;
  retryAt: number;
};

export class Comebacks {
  #waiting: SealedLogin[] = [];
  #current: Comeback | null = null;

  /**
   * @param measuredMs the first wait as round trips to the server were measured, ms; null as long as nothing was
   * @param send seals a frame and sends it
   * @param onDone called when all comebacks are done or given up
   */
  constructor(
    private readonly ports: SealedPorts,
    private readonly logins: SealedLogins,
    private readonly msgids: Msgids,
    private readonly measuredMs: () => number | null,
    private readonly send: (frame: Frame) => void,
    private readonly onDone: () => void,
  ) {}

  /** Whether a comeback is in progress, and requests have to wait. */
  get busy(): boolean {
    return this.#current !== null;
  }

  get wakeAt(): number | null {
    return this.#current?.retryAt ?? null;
  }

  /**
   * Starts the comebacks over a new link, and drops those of an earlier one.
   * @param except an id that needs none, because its LOGIN is the outstanding request; or null
   */
  begin(except: string | null): void {
    this.#waiting = this.logins.all().filter(({ id }) => id !== except);
    this.#next();
  }

  /** Sends the current comeback at once, with a new schedule. */
  hurry(): void {
    const current = this.#current;
    if (current === null) return;
    current.sendings = 0;
    this.#sendCurrent(current);
  }

  tick(now: number): void {
    const current = this.#current;
    if (current === null || now < current.retryAt) return;
    if (current.sendings < current.schedule.sendings) return this.#sendCurrent(current);
    // Give up. The engine's next request is refused for lack of a session, and the engine logs in.
    this.#end();
  }

  /** Takes an answer; returns whether it answers the current comeback. */
  take(frame: Frame): boolean {
    const current = this.#current;
    if (current === null) return false;
    const { login, msgid } = current;
    const taken = this.logins.take(login, msgid, frame);
    if (taken === null) return false;
    if (taken.kind === "again") {
      current.sendings = 0;
      this.#sendCurrent(current);
    } else if (taken.code === ack.busy || taken.code === ack.storageFailed) {
      if (!current.isBusy) {
        // protocol §6.1: it asks for relief.
        current.isBusy = true;
        current.schedule = current.schedule.doubling();
        current.sendings = 1;
      }
    } else {
      if (taken.code !== ack.loggedIn) this.logins.forget(login.id);
      this.#end();
    }
    return true;
  }

  #next(): void {
    const login = this.#waiting.shift();
    this.#current = null;
    if (login === undefined) return;
    const schedule = retrySchedule(this.ports.random());
    this.#current = {
      login,
      msgid: this.msgids.next(),
      schedule,
      sendings: 0,
      isBusy: false,
      retryAt: 0,
    };
    this.#sendCurrent(this.#current);
  }

  #sendCurrent(current: Comeback): void {
    const frame = this.logins.frameOf(current.login, current.msgid);
    if (current.sendings++ === 0) {
      // A RESUME costs the server no password check: it is repeated as soon as a report.
      const measuredMs = frame.kind === "resume" ? this.measuredMs() : null;
      current.schedule = retrySchedule(this.ports.random(), measuredMs ?? undefined);
    }
    current.retryAt = this.ports.now() + current.schedule.waitMs(current.sendings);
    this.send(frame);
  }

  #end(): void {
    this.#next();
    if (this.#current === null) this.onDone();
  }
}
