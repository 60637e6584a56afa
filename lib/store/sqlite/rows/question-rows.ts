// Owns the rows of `question`: the operator's questions to devices with their answers, of the last 30 days of service and
// bounded in number. Never decides what is an answer: it calls the rule.

import type { Database, Statement } from "bun:sqlite";
import { decideAnswer, type KeptQuestion } from "../../../server/answers.ts";
import type { MayAnswer, Question, Report } from "../../../server/operation.ts";
import { prepare } from "../file/statements.ts";

/**
 * How long a question is kept, in hours that the server has run: counted by the monotonic clock, so that no step of the
 * wall clock removes one.
 */
const keptHours = 30 * 24;
/** How many questions to one device are kept, and how many in all. */
const perDeviceMax = 100;
const rowsMax = 10_000;

type Row = {
  number: number;
  time: string;
  answered: number | null;
  answer_code: string;
  answer_time: string;
  answer: string;
};

/** The number of the question that a DATA answers, and whether that answer was stored before. */
export type StoredAnswer = { readonly question: number; readonly repeated: boolean };

export class QuestionRows {
  readonly #insert: Statement<{ number: number }>;
  readonly #ofDevice: Statement<Row>;
  readonly #answer: Statement;
  readonly #answerAgain: Statement;
  readonly #trimDevice: Statement;
  readonly #trim: Statement;
  readonly #hour: Statement;
  readonly #removeOld: Statement;
  readonly #all: Statement<{ device: string; time: string }>;
  /**
   * The times of each device's questions, and perhaps of some that are gone: of a report that has none of them, no row
   * needs to be read.
   */
  readonly #times = new Map<string, Set<string>>();
  #timesSize = 0;

  constructor(database: Database) {
    this.#insert = prepare(
      database,
      `INSERT INTO question (device, code, target, asker, time, asked, hour)
       VALUES (?, ?, ?, ?, ?, ?, coalesce((SELECT hours FROM service), 0)) RETURNING number`,
    );
    this.#ofDevice = prepare(
      database,
      `SELECT number, time, answered, answer_code, answer_time, answer FROM question
       WHERE device = ? ORDER BY number DESC`,
    );
    this.#answer = prepare(
      database,
      `UPDATE question SET answered = ?2, answer_code = ?3, answer_time = ?4, answer = ?5
       WHERE number = ?1 AND answered IS NULL`,
    );
    this.#answerAgain = prepare(
      database,
      `INSERT INTO question (device, code, target, asker, time, asked, hour,
                             answered, answer_code, answer_time, answer)
       SELECT device, code, target, asker, time, asked, hour, ?2, ?3, ?4, ?5
       FROM question WHERE number = ?1`,
    );
    this.#trimDevice = prepare(
      database,
      `DELETE FROM question WHERE device = ?1 AND number <=
         (SELECT number FROM question WHERE device = ?1
          ORDER BY number DESC LIMIT 1 OFFSET ${perDeviceMax})`,
    );
    this.#trim = prepare(
      database,
      `DELETE FROM question WHERE number <= (SELECT max(number) FROM question) - ${rowsMax}`,
    );
    this.#hour = prepare(
      database,
      "INSERT INTO service VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET hours = hours + 1",
    );
    this.#removeOld = prepare(
      database,
      `DELETE FROM question WHERE hour <= (SELECT hours FROM service) - ${keptHours}`,
    );
    this.#all = prepare(database, "SELECT device, time FROM question");
    this.#load();
  }

  /** Keeps a question; returns its number. The oldest make room for it. */
  add({ device, code, target, by, time, asked }: Question): number {
    const row = this.#insert.get(device, code, target, by, time, asked);
    this.#makeRoom(device);
    this.#note(device, time);
    return (row as { number: number }).number;
  }

  /**
   * Stores a DATA with the question that it answers; null if it answers none.
   * @param isReported whether the same DATA is stored as a report
   */
  answer(data: Report, mayAnswer: MayAnswer, isReported: () => boolean): StoredAnswer | null {
    const times = this.#times.get(data.device);
    if (times === undefined || !(mayAnswer.addressed || times.has(data.time))) return null;
    const decision = decideAnswer(data, mayAnswer, this.#kept(data.device));
    if (decision.kind === "report") return null;
    const { question } = decision;
    if (decision.kind === "repeat") return { question, repeated: true };
    if (decision.ifNew && isReported()) return null;
    const { received, code, time, message } = data;
    const isFirst = this.#answer.run(question, received, code, time, message).changes > 0;
    // A device may answer each repeat of a question with another reading. Each was acknowledged, so each is kept.
    if (!isFirst) {
      const { changes } = this.#answerAgain.run(question, received, code, time, message);
      // Others have taken the place of the question: without it, the DATA is a report.
      if (changes === 0) return null;
      this.#makeRoom(data.device);
    }
    return { question, repeated: false };
  }

  /** Counts an hour of service and removes the questions that are too old. */
  countHour(): void {
    this.#hour.run();
    if (this.#removeOld.run().changes > 0) this.#load();
  }

  #kept(device: string): KeptQuestion[] {
    return this.#ofDevice.all(device).map((row) => {
      const { number, time, answered, answer_code: code, answer_time, answer: message } = row;
      const answer = answered === null ? null : { code, time: answer_time, message };
      return { number, time, answer };
    });
  }

  #makeRoom(device: string): void {
    this.#trimDevice.run(device);
    this.#trim.run();
    if (this.#timesSize > 2 * rowsMax) this.#load();
  }

  #load(): void {
    this.#times.clear();
    this.#timesSize = 0;
    for (const { device, time } of this.#all.all()) this.#note(device, time);
  }

  #note(device: string, time: string): void {
    const times = this.#times.get(device);
    if (times === undefined) this.#times.set(device, new Set([time]));
    else times.add(time);
    this.#timesSize++;
  }
}
