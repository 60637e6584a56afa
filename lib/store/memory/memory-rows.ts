// The rows of the store in memory: loads what a rule asks for, and writes what it decided. Decides nothing.

import type { AckCode } from "../../protocol/codes.ts";
import { comparableMac } from "../../protocol/fields.ts";
import { changed, noLabels } from "../../server/labels.ts";
import type {
  AnsweredRow,
  DeviceLabels,
  DeviceRow,
  DeviceSecrets,
  NewSession,
  QuestionRow,
  SealedRequest,
  SessionRow,
} from "../../server/rows.ts";
import type { Keys, Rows, Write } from "../../server/store-port.ts";
import { MemoryCommands } from "./memory-commands.ts";
import { MemoryDoor } from "./door-rows.ts";
import { type UndoLog, UndoMap } from "./undo-map.ts";

/** A device, and the number from which on sessions are of this registration. */
type Device = DeviceRow & DeviceSecrets & { readonly firstSession: number };
type Question = QuestionRow & { readonly hour: number };
type Of<Kind extends Write["kind"]> = Extract<Write, { kind: Kind }>;

/** The bounds of the other stores: how many questions and answers are kept, and questions for how many hours. */
const questionsOfDeviceMax = 100;
const questionsMax = 10_000;
const questionHours = 30 * 24;
const answersMax = 65_536;

export class MemoryRows {
  readonly devices: UndoMap<string, Device>;
  readonly sessions: UndoMap<number, SessionRow>;
  readonly questions: UndoMap<number, Question>;
  /** By id, also of devices that are not registered now. */
  readonly labels: UndoMap<string, DeviceLabels>;
  readonly commands: MemoryCommands;
  readonly #door: MemoryDoor;
  /** The number of each device's latest session. */
  readonly #latest: UndoMap<string, number>;
  readonly #answered: UndoMap<string, AnsweredRow>;
  /** The latest number given to a session and to a question, and the hours of service. */
  readonly #numbers: UndoMap<"session" | "question" | "hour", number>;

  constructor(log: UndoLog) {
    this.devices = new UndoMap(log);
    this.sessions = new UndoMap(log);
    this.questions = new UndoMap(log);
    this.labels = new UndoMap(log);
    this.commands = new MemoryCommands(log);
    this.#latest = new UndoMap(log);
    this.#answered = new UndoMap(log);
    this.#numbers = new UndoMap(log);
    this.#door = new MemoryDoor(log, () => this.#count("hour", 0));
  }

  /** The rows that a rule needs, but the last report. */
  load(keys: Keys): Omit<Rows, "lastReport"> {
    const { device, withSession, ipHolder, macHolder, answered, loggedIn } = keys;
    return {
      device: device === undefined ? null : (this.devices.get(device) ?? null),
      session: withSession === true ? this.#latestOf(device as string) : null,
      labels: keys.withLabels === true ? (this.labels.get(device as string) ?? null) : null,
      ipHolder:
        ipHolder === undefined
          ? null
          : this.#holder(
              ipHolder.besides,
              ({ ip, port }) => ip === ipHolder.ip && (ipHolder.port ?? port) === port,
            ),
      macHolder:
        macHolder === undefined
          ? null
          : this.#holder(
              macHolder.besides,
              ({ mac }) => comparableMac(mac) === comparableMac(macHolder.mac),
            ),
      answered: answered === undefined ? null : (this.#answered.get(keyOf(answered)) ?? null),
      loggedIn: loggedIn === undefined ? [] : this.#loggedIn(loggedIn),
      ...this.commands.load(keys),
      door: keys.door === undefined ? null : this.#door.load(keys.door),
    };
  }

  /** A device's sessions, also of earlier registrations, newest first. */
  sessionsOf(device: string): SessionRow[] {
    return [...this.sessions.values()].filter((row) => row.device === device).reverse();
  }

  /** The kept questions to a device, newest first. */
  questionsOf(device: string): QuestionRow[] {
    const own = [...this.questions.values()].filter((row) => row.device === device);
    return own.reverse().map(kept);
  }

  /** The latest session of a device since it was registered, or null. */
  currentSession({ id, firstSession }: Device): SessionRow | null {
    const latest = this.#latestOf(id);
    return latest !== null && latest.session >= firstSession ? latest : null;
  }

  /** Keeps a session, the latest of its device. */
  put(row: SessionRow): void {
    this.sessions.set(row.session, row);
    this.#latest.set(row.device, row.session);
  }

  #latestOf(device: string): SessionRow | null {
    return this.sessions.get(this.#latest.get(device) ?? 0) ?? null;
  }

  /** Writes what was decided by a server of this node; returns the number that a write gives, 0 without one. */
  writeAll(writes: readonly Write[], node: string): number {
    let number = 0;
    for (const write of writes) number += this.#write(write, node);
    return number;
  }

  #write(write: Write, node: string): number {
    switch (write.kind) {
      case "insert-device":
        return this.#insert(write);
      case "update-device": {
        const device = this.devices.get(write.id);
        if (device !== undefined) this.devices.set(write.id, { ...device, ...write.change });
        return 0;
      }
      case "remove-device":
        this.devices.delete(write.id);
        return 0;
      case "change-labels": {
        const { device, macKey, changes } = write;
        const labels = changed(this.labels.get(device)?.labels ?? noLabels, changes);
        if (labels.size === 0) this.labels.delete(device);
        else this.labels.set(device, { macKey, labels });
        return 0;
      }
      case "open-session":
        return this.#open(write.session, node);
      case "move-session": {
        const { session, source } = write;
        const row = this.sessions.get(session);
        if (row?.ended === null) this.sessions.set(session, { ...row, source, node });
        return 0;
      }
      case "end-session": {
        const { session, at: ended, reason, lastSeen } = write;
        const row = this.sessions.get(session);
        if (row?.ended === null) this.sessions.set(session, { ...row, ended, reason, lastSeen });
        return 0;
      }
      case "end-open-session":
        for (const row of this.sessionsOf(write.device)) {
          const { at: ended, reason } = write;
          if (row.ended === null) this.sessions.set(row.session, { ...row, ended, reason });
        }
        return 0;
      case "touch-sessions":
        return this.#touch(write, node);
      case "keep-answer":
        return this.#keepAnswer(write.request, write.code);
      case "add-question":
        return this.#addQuestion({ ...write.question, answer: null, hour: this.#count("hour", 0) });
      case "answer-question": {
        const row = this.questions.get(write.number);
        if (row?.answer === null) this.questions.set(row.number, { ...row, answer: write.answer });
        return 0;
      }
      case "answer-again": {
        const row = this.questions.get(write.number);
        if (row !== undefined) this.#addQuestion({ ...row, answer: write.answer });
        return 0;
      }
      case "door":
        this.#door.write(write.write);
        return 0;
      case "count-hour":
        return this.#countHour();
      default:
        return this.commands.write(write, this.#count("hour", 0));
    }
  }

  #countHour(): number {
    const hours = this.#count("hour", 1);
    for (const { number, hour } of this.questions.values()) {
      if (hour <= hours - questionHours) this.questions.delete(number);
    }
    this.commands.removeOld(hours);
    this.#door.countHour();
    return 0;
  }

  #insert({ device, hash, at }: Of<"insert-device">): number {
    const unsealed = { sealedKey: null, storedProof: null, textLocked: false };
    const firstSession = this.#count("session", 0) + 1;
    const counted = { registered: at, repeats: 0, firstSession };
    this.devices.set(device.id, { ...device, hash, ...unsealed, ...counted });
    this.#door.remove(device.id);
    return 0;
  }

  #open(opened: NewSession, node: string): number {
    const session = this.#count("session", 1);
    const open = { lastSeen: opened.started, everySeconds: null, ended: null, reason: null };
    this.put({ ...opened, session, ...open, node });
    return session;
  }

  #touch({ touches }: Of<"touch-sessions">, node: string): number {
    let touched = 0;
    for (const { repeats, session, device: id, ...heard } of touches) {
      const row = this.sessions.get(session);
      if (row?.ended === null && row.node === node) {
        this.sessions.set(session, { ...row, ...heard });
        touched++;
      }
      const device = this.devices.get(id);
      if (device === undefined || repeats === 0) continue;
      this.devices.set(id, { ...device, repeats: device.repeats + repeats });
    }
    return touched;
  }

  #loggedIn({ after, inText, limit }: NonNullable<Keys["loggedIn"]>): string[] {
    const open = [...this.sessions.values()].filter(
      ({ ended, clientKey }) => ended === null && (!inText || clientKey === null),
    );
    const ids = open.map(({ device }) => device).filter((id) => after === null || id > after);
    return ids.sort().slice(0, limit);
  }

  #keepAnswer(request: SealedRequest, code: AckCode): number {
    const key = keyOf(request);
    this.#answered.delete(key);
    this.#answered.set(key, { code, digest: request.digest });
    for (const oldest of this.#answered.keys()) {
      if (this.#answered.size <= answersMax) break;
      this.#answered.delete(oldest);
    }
    return 0;
  }

  #addQuestion(question: Omit<Question, "number">): number {
    const number = this.#count("question", 1);
    this.questions.set(number, { ...question, number });
    const own = this.questionsOf(question.device).slice(questionsOfDeviceMax);
    for (const old of own) this.questions.delete(old.number);
    this.questions.delete(number - questionsMax);
    return number;
  }

  #holder(besides: string, has: (device: Device) => boolean): string | null {
    for (const device of this.devices.values()) {
      if (device.id !== besides && has(device)) return device.id;
    }
    return null;
  }

  #count(name: "session" | "question" | "hour", by: number): number {
    const number = (this.#numbers.get(name) ?? 0) + by;
    if (by > 0) this.#numbers.set(name, number);
    return number;
  }
}

function keyOf({ device, clientKey, msgid }: SealedRequest): string {
  return `${device} ${Buffer.from(clientKey).toString("base64")} ${msgid}`;
}

/** A question without what only the store needs. */
function kept({ number, device, code, target, by, time, asked, answer }: Question): QuestionRow {
  return { number, device, code, target, by, time, asked, answer };
}
