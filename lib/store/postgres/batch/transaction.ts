// Carries out a batch with rules: loads and locks their rows, lets them decide one after the other, each on the rows that
// those before it have left, and writes what they decided, with one commit. Knows no verb.

import type { CommandWrite } from "../../../server/commands/command-rows.ts";
import type { QuestionRow } from "../../../server/rows.ts";
import type {
  Decided,
  ReportStep,
  ReportStored,
  StepResult,
  Step,
  Write,
} from "../../../server/store-port.ts";
import { Lost } from "../connection/lost.ts";
import { onStandbys } from "../connection/standbys.ts";
import { type Fence, fenced, inTime } from "../nodes/claim.ts";
import type { Rows, Statement, Writer } from "../connection/writer.ts";
import { insertNew, type NewReport } from "../reports/report-insert.ts";
import { devicesThatMayAnswer } from "./asked-devices.ts";
import type { BatchNumbers } from "./numbers.ts";
import { newestBlock } from "./blocks.ts";
import { addCommand, changeCommand } from "./command-statements.ts";
import { loadingDevices, loadingsOf } from "./loading.ts";
import { CommitLost, Fenced } from "./not-stored.ts";
import { Overlay } from "./overlay.ts";
import { TakenNumbers } from "./taken-numbers.ts";
import * as sql from "./writes.ts";

/** Makes those that begin again wait for each other; "iotQ" in ASCII. */
const queueing: Statement = ["SELECT pg_advisory_xact_lock($1::bigint)", [0x696f7451]];

/** What a transaction needs of its store. */
export type TransactionParts = {
  readonly fence: Fence;
  readonly keyOf: (step: ReportStep) => string;
  /** Whether there may be questions to a device. */
  readonly mayHaveQuestions: (device: string) => boolean;
  /** Told of a question before it is committed. */
  readonly onQuestion: (device: string, time: string) => void;
  readonly numbers: Pick<BatchNumbers, "next" | "until" | "raise">;
  /** Whether it begins again because another one was in its way: they might get in each other's way for ever. */
  readonly isAgain: boolean;
};

export class Transaction {
  readonly #overlay: Overlay;
  readonly #writes: Statement[] = [];
  readonly #reports: NewReport[] = [];
  /** Whether a device has logged in here, or has come from another node. */
  #hasArrivals = false;
  readonly #taken: TakenNumbers;
  #reportNumbers: number[] = [];

  constructor(
    private readonly writer: Writer,
    private readonly steps: readonly Step[],
    private readonly parts: TransactionParts,
  ) {
    this.#overlay = new Overlay(parts.fence.node);
    this.#taken = new TakenNumbers(writer, steps.length);
  }

  /**
   * Carries out the batch.
   * @throws errors of the rules and of PostgreSQL, and `Lost`, if nothing was stored; `CommitLost`; `Fenced`
   */
  async run(): Promise<readonly StepResult[]> {
    try {
      const transaction = await this.#begin();
      const results: StepResult[] = [];
      for (const step of this.steps) {
        results.push(step.kind === "rule" ? await this.#rule(step) : await this.#report(step));
      }
      await this.#commit(transaction, results);
      return results;
    } catch (error) {
      if (!this.writer.isLost) await this.writer.query("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  /** Begins and loads with one flight; returns the number of the transaction. */
  async #begin(): Promise<string> {
    const { fence, keyOf, mayHaveQuestions, isAgain } = this.parts;
    const loadings = loadingsOf(
      this.steps,
      (place) => keyOf(this.steps[place] as ReportStep),
      devicesThatMayAnswer(this.steps).filter(mayHaveQuestions),
      fence.node,
    );
    const looking = `SELECT pg_current_xact_id()::text AS it, ${onStandbys} WHERE ${fenced(1, 2)}`;
    const statements = loadings.map(({ statement }) => statement);
    const first: Statement[] = [["BEGIN"], ...(isAgain ? [queueing] : [])];
    const done = await this.writer.send([
      ...first,
      [looking, [fence.node, fence.epoch]],
      ...statements,
    ]);
    const [began, ...loaded] = done.slice(first.length);
    const transaction = began?.[0]?.["it"];
    if (transaction === undefined) throw new Fenced();
    for (const [i, { take }] of loadings.entries()) take(loaded[i] as Rows, this.#overlay);
    return transaction as string;
  }

  async #commit(transaction: string, results: readonly StepResult[]): Promise<void> {
    const { numbers } = this.parts;
    // A division by zero ends the transaction.
    const early: Statement = [`SELECT 1 / (${inTime(1)})::int`, [numbers.until]];
    const stored = this.#reports.length === 0 ? [] : [early, insertNew(this.#reports, null)];
    const before = [...this.#writes, ...stored];
    // After the commit no other node stores a report of these devices, but what has its number by now.
    const after: Statement[] = this.#hasArrivals ? [newestBlock] : [];
    try {
      const done = await this.writer.send([...before, ["COMMIT"], ...after]);
      const { command } = done[before.length] as Rows;
      if (command !== undefined && command !== "COMMIT") throw new Error("was rolled back");
      const [newest] = done[before.length + 1] ?? [];
      if (newest !== undefined) numbers.raise(newest["first"] as number);
    } catch (error) {
      throw error instanceof Lost
        ? new CommitLost(transaction, this.writer.timeline, results, error)
        : error;
    }
  }

  async #rule(step: Extract<Step, { kind: "rule" }>): Promise<Decided> {
    const { outcome, writes } = step.decide(this.#overlay.rowsFor(step.keys));
    let number = 0;
    for (const write of writes) number += await this.#write(write);
    return { outcome, number };
  }

  async #report(step: ReportStep): Promise<ReportStored> {
    const { report, mayAnswer } = step;
    const key = this.parts.keyOf(step);
    const before = this.#overlay.reports.get(key);
    const questions = mayAnswer === null ? [] : (this.#overlay.questions.get(report.device) ?? []);
    const isAsked = (row: QuestionRow) => mayAnswer?.addressed === true || row.time === report.time;
    if (mayAnswer !== null && questions.some(isAsked)) {
      const isReported = () => before !== undefined;
      const decision = mayAnswer.decide(report, mayAnswer, [...questions], isReported);
      if (decision !== null) {
        for (const write of decision.writes) await this.#write(write);
        return decision.outcome;
      }
    }
    if (before !== undefined) return { kind: "report", sequence: before, repeated: true };
    const { session } = step;
    if (session !== 0 && !this.#overlay.openSessions.has(session)) return { kind: "no-session" };
    const sequence = await this.#reportNumber();
    this.#overlay.reports.set(key, sequence);
    this.#overlay.lastReports.set(report.device, { ...report, sequence });
    this.#reports.push({ report, session, sequence, key });
    return { kind: "report", sequence, repeated: false };
  }

  /** Does a write to the rows of the batch, and keeps its statements; returns the number of the row that it adds. */
  async #write(write: Write): Promise<number> {
    const overlay = this.#overlay;
    const { node } = this.parts.fence;
    switch (write.kind) {
      case "insert-device":
        // The next session of any device gets this number, and those of this device follow it.
        this.#writes.push(sql.insertDevice(write, await this.#taken.peek("session")));
        overlay.insert(write);
        this.#writes.push(overlay.door.remove(write.device.id));
        return 0;
      case "update-device":
        // A rule may change a device that no step of the batch has named: later ones must see it as it is then.
        if (!overlay.devices.has(write.id)) await this.#load(write.id);
        overlay.update(write);
        this.#writes.push(sql.updateDevice(write));
        return 0;
      case "remove-device":
        overlay.devices.set(write.id, null);
        this.#writes.push(sql.removeDevice(write));
        return 0;
      case "change-labels":
        overlay.changeLabels(write);
        this.#writes.push(...sql.changeLabels(write));
        return 0;
      case "open-session": {
        const number = await this.#taken.next("session");
        overlay.open(write, number);
        this.#hasArrivals = true;
        this.#writes.push(sql.openSession(write, number, node));
        return number;
      }
      case "move-session":
        overlay.move(write);
        this.#hasArrivals = true;
        this.#writes.push(sql.moveSession(write, node));
        return 0;
      case "end-session":
        overlay.end(write);
        this.#writes.push(sql.endSession(write));
        return 0;
      case "end-open-session":
        overlay.endOpen(write);
        this.#writes.push(sql.endOpenSession(write));
        return 0;
      case "touch-sessions":
        overlay.touch(write);
        return this.#touch(write);
      case "keep-answer":
        overlay.keepAnswer(write);
        this.#writes.push(sql.keepAnswer(write));
        return 0;
      case "door":
        this.#writes.push(...overlay.door.write(write.write));
        return 0;
      case "add-question":
      case "answer-question":
      case "answer-again":
        return this.#writeQuestion(write);
      case "count-hour":
        this.#writes.push(...sql.countHour(node));
        return 0;
      default:
        return this.#writeCommand(write);
    }
  }

  async #writeCommand(write: CommandWrite): Promise<number> {
    const number = write.kind === "add-command" ? await this.#taken.next("command") : 0;
    this.#overlay.commands.write(write, number);
    if (write.kind === "add-command") this.#writes.push(addCommand(write, number));
    else if (write.kind === "note-service") return this.#noteService(changeCommand(write));
    else this.#writes.push(changeCommand(write));
    return number;
  }

  /** Notes the time of service at once: what it is then is the number of the step. */
  async #noteService(noting: Statement): Promise<number> {
    const [row] = await this.writer.query(...noting);
    return row?.["ms"] as number;
  }

  async #writeQuestion(
    write: Extract<Write, { kind: `${string}question` | "answer-again" }>,
  ): Promise<number> {
    const overlay = this.#overlay;
    switch (write.kind) {
      case "add-question": {
        const number = await this.#taken.next("question");
        const question = { ...write.question, number, answer: null };
        overlay.addQuestion(question, sql.questionsOfDeviceMax);
        this.parts.onQuestion(question.device, question.time);
        this.#writes.push(...sql.addQuestion(write, number));
        return number;
      }
      case "answer-question":
        overlay.answer(write);
        this.#writes.push(sql.answerQuestion(write));
        return 0;
      case "answer-again": {
        const number = await this.#taken.next("question");
        const question = overlay.questionAt(write.number);
        if (question !== undefined) {
          const again = { ...question, number, answer: write.answer };
          overlay.addQuestion(again, sql.questionsOfDeviceMax);
        }
        this.#writes.push(...sql.answerAgain(write, number));
        return 0;
      }
    }
  }

  /** Touches sessions at once: how many there were is the number of the step. */
  async #touch(write: Extract<Write, { kind: "touch-sessions" }>): Promise<number> {
    const before = this.#writes.splice(0);
    const touching = sql.touchSessions(write, this.parts.fence.node);
    const done = await this.writer.send([...before, ...touching]);
    return (done[before.length] as Rows).length;
  }

  async #load(id: string): Promise<void> {
    const { statement, take } = loadingDevices([id], [], []);
    take(await this.writer.query(...statement), this.#overlay);
  }

  async #reportNumber(): Promise<number> {
    const numbers = this.#reportNumbers;
    if (numbers.length === 0) {
      const reports = this.steps.filter(({ kind }) => kind === "report").length;
      numbers.push(...(await this.parts.numbers.next(reports)));
    }
    return numbers.shift() as number;
  }
}
