// Owns the rows of `question`: the operator's questions to devices with their answers, of the last 30 days of service and
// bounded in number. Never decides what is an answer.

import type { Database, Statement } from "bun:sqlite";
import type { Answer, Question, QuestionRow } from "../../../server/rows.ts";
import { prepare } from "../file/statements.ts";

/**
 * How long a question is kept, in hours that the server has run: counted by the monotonic clock, so that no step of the
 * wall clock removes one.
 */
const keptHours = 30 * 24;
/** How many questions to one device are kept, and how many in all. */
const perDeviceMax = 100;
const rowsMax = 10_000;

/** The columns of `RawQuestion`. */
export const questionColumns = `number, device, code, target, asker AS "by", time, asked, answered,
  answer_code AS answerCode, answer_time AS answerTime, answer`;

/** A row of `questionColumns` as SQLite gives it. */
export type RawQuestion = Omit<QuestionRow, "answer"> & {
  readonly answered: number | null;
  readonly answerCode: string;
  readonly answerTime: string;
  readonly answer: string;
};

/** The question in a row of `questionColumns`. */
export function questionOf(raw: RawQuestion): QuestionRow {
  const { answered, answerCode: code, answerTime, answer: message, ...question } = raw;
  const answer = answered === null ? null : { received: answered, code, time: answerTime, message };
  return { ...question, answer };
}

export class QuestionRows {
  readonly #insert: Statement<{ number: number }>;
  readonly #ofDevice: Statement<RawQuestion>;
  readonly #answer: Statement;
  readonly #answerAgain: Statement<{ device: string }>;
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
      `SELECT ${questionColumns} FROM question WHERE device = ? ORDER BY number DESC`,
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
       FROM question WHERE number = ?1 RETURNING device`,
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
      "INSERT INTO service (id, hours) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET hours = hours + 1",
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

  /** Whether there may be a question to a device, of this time if there is one: without it, no row needs to be read. */
  mayHave(device: string, time: string | null): boolean {
    const times = this.#times.get(device);
    return times !== undefined && (time === null || times.has(time));
  }

  /** The kept questions to a device, newest first. */
  of(device: string): QuestionRow[] {
    return this.#ofDevice.all(device).map(questionOf);
  }

  /** Stores the answer to a question that has none, if it is still kept. */
  answer(number: number, { received, code, time, message }: Answer): void {
    this.#answer.run(number, received, code, time, message);
  }

  /** Stores another answer to a question, if it is still kept. */
  answerAgain(number: number, { received, code, time, message }: Answer): void {
    const row = this.#answerAgain.get(number, received, code, time, message);
    if (row !== null) this.#makeRoom(row.device);
  }

  /** Counts an hour of service and removes the questions that are too old. */
  countHour(): void {
    this.#hour.run();
    if (this.#removeOld.run().changes > 0) this.#load();
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
