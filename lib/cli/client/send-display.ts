// What a person or a script sees of the command send: a line for each report. Never decides what is sent, nor whether it
// goes on.

import type { Outcome, Verdict } from "../../client/outcome.ts";
import { firstWaitMs } from "../../client/retry-schedule.ts";
import type { Address } from "../../protocol/messages.ts";
import { adviceOn } from "./advice.ts";
import type { Machine } from "./machine.ts";
import { jsonOf, outcomeLine, retryLine } from "./rendering.ts";

/** A report that has an outcome. */
export type EndedReport = {
  /** Of which line of the input it was made; null if it is from the command line. */
  readonly line: number | null;
  /** As sent. */
  readonly time: string;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
};

/** How far the input is. */
export type Position = {
  /** Lines that were read, and are not sent or have no outcome yet. */
  readonly waiting: number;
  /** Whether no other line will come. */
  readonly isAll: boolean;
  /** Which share of a file has an outcome, from 0 to 1; null if the input is none. */
  readonly share: number | null;
};

export type SendDisplay = {
  /** Shows the outcome of a report, and what a person can do about it. */
  ended(report: EndedReport): void;
  /** Shows that a line is not sent. */
  skipped(line: number, why: string): void;
  /** Shows any other line to a person. */
  notice(line: string): void;
  /** A request is sent again. @param waitedMs the time since it was first sent @param isBusy whether the server says: later */
  unanswered(sending: number, waitedMs: number, isBusy: boolean): void;
  /** Shows how far it is. @param idle whether nothing happens before the next line is read */
  moved(position: Position, idle: boolean): void;
  /** Shows nothing more. */
  close(): void;
};

/** What the lines contain. */
export type SendWords = {
  readonly id: string;
  readonly server: Address;
  /** Whether the server is reached over the envelope. */
  readonly sealed: boolean;
};

/** How often the silence of a server is told, whatever is lost: networks lose datagrams, ms. */
const silenceWindowMs = 60_000;

/** A line on standard output for each report, whatever that is. */
export class SendLines implements SendDisplay {
  readonly #silence: Silence;

  /** @param json whether the lines are JSON, without advice */
  constructor(
    readonly machine: Pick<Machine, "print" | "notice" | "clock">,
    readonly words: SendWords,
    readonly json: boolean,
  ) {
    this.#silence = new Silence(machine.clock.now);
  }

  ended({ time, outcome, verdict }: EndedReport): void {
    const { id, server, sealed } = this.words;
    this.machine.print(
      this.json
        ? jsonOf({ request: "send", id, time }, outcome, verdict)
        : outcomeLine("DATA", outcome, server),
    );
    const advice = adviceOn("DATA", outcome, sealed);
    if (advice !== null && !this.json) this.notice(advice);
  }

  skipped(line: number, why: string): void {
    this.notice(`line ${line} is not sent: ${why}`);
  }

  notice(line: string): void {
    this.machine.notice(line);
  }

  unanswered(sending: number, waitedMs: number, isBusy: boolean): void {
    if (!this.#silence.isTold(waitedMs)) return;
    this.notice(retryLine(this.words.server, sending, isBusy));
  }

  moved(): void {}

  close(): void {}
}

/** Which silences are told: those of one request each time they are twice as long, those of others once a minute. */
class Silence {
  #toldAt = -Infinity;
  #toldMs = 0;

  /** @param now returns monotonic time in ms */
  constructor(private readonly now: () => number) {}

  isTold(waitedMs: number): boolean {
    const now = this.now();
    const isSame = now - waitedMs <= this.#toldAt - this.#toldMs;
    const isDue = isSame ? waitedMs >= 2 * this.#toldMs : now >= this.#toldAt + silenceWindowMs;
    if (waitedMs < firstWaitMs || !isDue) return false;
    this.#toldAt = now;
    this.#toldMs = waitedMs;
    return true;
  }
}
