// What a person sees of the command send where the input is a pipe or a file: a bar with count and rate, above it the
// lines that were refused, at the end how many were stored. Never draws faster than a person reads.

import { isOverdue } from "../../client/retry-schedule.ts";
import { barLine, eraseLine, type Extent, type ProgressStream } from "../progress.ts";
import { adviceOn } from "./advice.ts";
import type { Clock } from "./connection.ts";
import { outcomeLine } from "./rendering.ts";
import type { EndedReport, Position, SendDisplay, SendWords } from "./send-display.ts";

/** Implementation constants, ms: how often it is drawn, and over which time the rate is reckoned. */
const drawMs = 100;
const rateMs = 3_000;

export class SendBar implements SendDisplay {
  #stored = 0;
  #failed = 0;
  #begunAt: number | null = null;
  #storedAt = 0;
  #drawnAt = -Infinity;
  #isDrawn = false;
  #steps = 0;
  #silentMs = 0;
  #advice: string | null = null;
  #position: Position = { waiting: 0, isAll: false, share: null };
  /** When so many were stored, in the last `rateMs`. */
  #marks: { readonly at: number; readonly stored: number }[] = [];

  /** @param stream a terminal */
  constructor(
    readonly stream: ProgressStream,
    readonly clock: Pick<Clock, "now">,
    readonly words: SendWords,
  ) {}

  ended({ line, outcome, verdict }: EndedReport): void {
    this.#silentMs = 0;
    if (verdict === "done") {
      this.#stored++;
      this.#storedAt = this.clock.now();
      return;
    }
    if (verdict === "refused") this.#failed++;
    const { server, sealed } = this.words;
    this.#above(`line ${line}: ${outcomeLine("DATA", outcome, server)}`);
    const advice = adviceOn("DATA", outcome, sealed);
    // Of a thousand lines that are refused for one reason, the first says what to do.
    if (advice !== null && advice !== this.#advice) this.#above(advice);
    this.#advice = advice;
  }

  skipped(line: number, why: string): void {
    this.#failed++;
    this.#above(`line ${line} is not sent: ${why}`);
  }

  notice(line: string): void {
    this.#above(line);
  }

  unanswered(_sending: number, waitedMs: number): void {
    if (!isOverdue(waitedMs)) return;
    this.#silentMs = waitedMs;
    this.#draw();
  }

  moved(position: Position, idle: boolean): void {
    this.#begunAt ??= this.clock.now();
    this.#position = position;
    if (idle || this.clock.now() >= this.#drawnAt + drawMs) this.#draw();
  }

  close(): void {
    this.#erase();
    const ended = this.#stored + this.#failed;
    if (this.#begunAt === null || ended === 0) return;
    this.stream.write(`${this.#summary(this.#storedAt - this.#begunAt)}\n`);
    this.#begunAt = null;
  }

  #summary(ms: number): string {
    const [stored, failed] = [this.#stored, this.#failed];
    const rate = stored > 1 && ms > 0 ? `, ${perSecond((stored * 1000) / ms)}` : "";
    const took = stored === 0 ? "" : ` in ${duration(ms)}${rate}`;
    return `${counted(stored)} stored${took}${failed === 0 ? "" : `; ${counted(failed)} refused or not sent`}`;
  }

  #draw(): void {
    const now = this.clock.now();
    this.#drawnAt = now;
    this.#isDrawn = true;
    this.#steps++;
    this.#marks.push({ at: now, stored: this.#stored });
    while ((this.#marks[1]?.at ?? now) < now - rateMs) this.#marks.shift();
    this.stream.write(barLine(this.stream, "Sending", this.#extent, this.#said(now)));
  }

  get #extent(): Extent {
    const { waiting, isAll, share } = this.#position;
    const ended = this.#stored + this.#failed;
    if (isAll) return { share: ended / Math.max(1, ended + waiting) };
    return share === null ? { steps: this.#steps } : { share };
  }

  #said(now: number): string[] {
    const { waiting, isAll, share } = this.#position;
    const stored = `${counted(this.#stored)} stored`;
    const toDo =
      isAll || share === null ? `${counted(waiting)} waiting` : `${Math.floor(share * 100)}%`;
    if (this.#silentMs > 0) {
      return [stored, `no answer for ${Math.floor(this.#silentMs / 1000)} s`, toDo];
    }
    const [mark] = this.#marks;
    if (mark === undefined || now - mark.at < drawMs) return [stored, toDo];
    return [stored, perSecond(((this.#stored - mark.stored) * 1000) / (now - mark.at)), toDo];
  }

  #above(line: string): void {
    const wasDrawn = this.#isDrawn;
    this.#erase();
    this.stream.write(`${line}\n`);
    if (wasDrawn) this.#draw();
  }

  #erase(): void {
    if (this.#isDrawn) this.stream.write(eraseLine);
    this.#isDrawn = false;
  }
}

function counted(count: number): string {
  return count.toLocaleString("en");
}

function perSecond(rate: number): string {
  const digits = rate < 10 ? 1 : 0;
  return `${rate.toLocaleString("en", { maximumFractionDigits: digits })}/s`;
}

function duration(ms: number): string {
  if (ms < 1_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
