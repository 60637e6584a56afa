// The tables of rows behind the store's port: loads what a rule asks for, and writes what it decided. Runs inside the
// caller's transaction. Decides nothing.

import type { Database } from "bun:sqlite";
import type { ReportRow } from "../../../server/rows.ts";
import type { Keys, Rows, Write } from "../../../server/store-port.ts";
import { AnsweredRows } from "./answered-rows.ts";
import { CommandRows } from "./command-rows.ts";
import { DeviceRows } from "./device-rows.ts";
import { DoorTable } from "./door-rows.ts";
import { LabelRows } from "./label-rows.ts";
import { QuestionRows } from "./question-rows.ts";
import { SessionRows } from "./session-rows.ts";

/** Looks up a device's last report. */
export type LastReportOf = (device: string) => ReportRow | "unreadable" | null;

export class TableRows {
  readonly sessions: SessionRows;
  readonly questions: QuestionRows;
  readonly commands: CommandRows;
  readonly #devices: DeviceRows;
  readonly #labels: LabelRows;
  readonly #answered: AnsweredRows;
  readonly #door: DoorTable;

  constructor(database: Database) {
    this.sessions = new SessionRows(database);
    this.questions = new QuestionRows(database);
    this.commands = new CommandRows(database);
    this.#devices = new DeviceRows(database);
    this.#labels = new LabelRows(database);
    this.#answered = new AnsweredRows(database);
    this.#door = new DoorTable(database);
  }

  /** The rows that a rule needs. */
  load(keys: Keys, lastReportOf: LastReportOf): Rows {
    const { device: id, ipHolder, macHolder, answered, loggedIn } = keys;
    const device = id === undefined ? null : this.#devices.get(id);
    const session = keys.withSession === true ? this.sessions.latestOf(id as string) : null;
    const wantsReport = keys.withLastReport === true && device !== null;
    return {
      device,
      session,
      labels: keys.withLabels === true ? this.#labels.of(id as string) : null,
      lastReport: wantsReport ? lastReportOf(device.id) : null,
      ipHolder: ipHolder === undefined ? null : this.#devices.ipHolder(ipHolder),
      macHolder: macHolder === undefined ? null : this.#devices.macHolder(macHolder),
      answered: answered === undefined ? null : this.#answered.answerTo(answered),
      loggedIn: loggedIn === undefined ? [] : this.sessions.loggedIn(loggedIn),
      ...this.commands.load(keys),
      door: keys.door === undefined ? null : this.#door.load(keys.door),
    };
  }

  /** Writes what was decided; returns the number that a write gives, 0 without one. */
  writeAll(writes: readonly Write[]): number {
    let number = 0;
    for (const write of writes) number += this.#write(write);
    return number;
  }

  #write(write: Write): number {
    switch (write.kind) {
      case "insert-device":
        this.#devices.insert(write.device, write.hash, write.at);
        this.#door.remove(write.device.id);
        return 0;
      case "update-device":
        this.#devices.update(write.id, write.change, write.at);
        return 0;
      case "remove-device":
        this.#devices.remove(write.id);
        return 0;
      case "change-labels":
        this.#labels.change(write);
        return 0;
      case "open-session":
        return this.sessions.open(write.session);
      case "end-session":
        this.sessions.end(write);
        return 0;
      case "end-open-session":
        this.sessions.endOpen(write.device, write.reason, write.at);
        return 0;
      case "move-session":
        this.sessions.move(write);
        return 0;
      case "touch-sessions":
        this.#devices.countRepeats(write.touches);
        return this.sessions.touch(write.touches);
      case "keep-answer":
        this.#answered.keep(write.request, write.code);
        return 0;
      case "add-question":
        return this.questions.add(write.question);
      case "answer-question":
        this.questions.answer(write.number, write.answer);
        return 0;
      case "answer-again":
        this.questions.answerAgain(write.number, write.answer);
        return 0;
      case "count-hour":
        this.questions.countHour();
        this.commands.removeOld();
        this.#door.countHour();
        return 0;
      case "door":
        this.#door.write(write.write);
        return 0;
      default:
        return this.commands.write(write);
    }
  }
}
