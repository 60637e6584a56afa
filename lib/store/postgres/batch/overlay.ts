// The rows of one batch while its rules decide: those that were loaded, as the steps before have left them. Decides and
// sends nothing.

import { comparableMac } from "../../../protocol/fields.ts";
import { changed, noLabels } from "../../../server/labels.ts";
import type {
  AnsweredRow,
  DeviceLabels,
  QuestionRow,
  ReportRow,
  SealedRequest,
  SessionRow,
} from "../../../server/rows.ts";
import type { Keys, Rows, Write } from "../../../server/store-port.ts";
import { CommandOverlay } from "./command-overlay.ts";
import type { Rows as LoadedRows, Statement } from "../connection/writer.ts";
import type { HeldDevice } from "../rows/columns.ts";
import { DoorOverlay } from "./door-overlay.ts";

type Of<Kind extends Write["kind"]> = Extract<Write, { kind: Kind }>;

/** A statement, and what becomes of its rows. */
export type Loading = {
  readonly statement: Statement;
  readonly take: (rows: LoadedRows, overlay: Overlay) => void;
};

export class Overlay {
  /** By id; null for one that is not registered. What has no entry was not loaded. */
  readonly devices = new Map<string, HeldDevice | null>();
  /** The latest session by device. */
  readonly sessions = new Map<string, SessionRow>();
  /** The labels by device, of those that have any. */
  readonly labels = new Map<string, DeviceLabels>();
  /** The last report by device. */
  readonly lastReports = new Map<string, ReportRow>();
  readonly answered = new Map<string, AnsweredRow>();
  /** The kept questions by device, newest first. */
  readonly questions = new Map<string, QuestionRow[]>();
  /** The number of each stored report by its key. */
  readonly reports = new Map<string, number>();
  /** The sessions of the reports that were open, and this node's. */
  readonly openSessions = new Set<number>();
  /** The ids that were logged in, by what was asked for. */
  readonly loggedIn = new Map<string, readonly string[]>();
  readonly commands = new CommandOverlay();

  readonly door = new DoorOverlay();

  /** @param node the name of this node */
  constructor(private readonly node: string) {}

  /** What a rule asks for. */
  rowsFor(keys: Keys): Rows {
    const { device: id, withSession, withLastReport, ipHolder, macHolder, answered } = keys;
    const device = id === undefined ? null : (this.devices.get(id) ?? null);
    const wantsSession = withSession === true && id !== undefined;
    const wantsLabels = keys.withLabels === true && id !== undefined;
    const wantsReport = withLastReport === true && device !== null;
    return {
      device,
      session: wantsSession ? (this.sessions.get(id) ?? null) : null,
      labels: wantsLabels ? (this.labels.get(id) ?? null) : null,
      lastReport: wantsReport ? (this.lastReports.get(device.id) ?? null) : null,
      ipHolder: ipHolder === undefined ? null : this.#ipHolder(ipHolder),
      macHolder: macHolder === undefined ? null : this.#macHolder(macHolder),
      answered: answered === undefined ? null : (this.answered.get(requestKey(answered)) ?? null),
      loggedIn: keys.loggedIn === undefined ? [] : this.#loggedIn(keys.loggedIn),
      ...this.commands.rowsFor(keys),
      door: keys.door === undefined ? null : this.door.rowsFor(keys.door),
    };
  }

  insert({ device, hash, at }: Of<"insert-device">): void {
    const unsealed = { sealedKey: null, storedProof: null, textLocked: false };
    const macKey = comparableMac(device.mac);
    this.devices.set(device.id, {
      ...device,
      hash,
      ...unsealed,
      registered: at,
      repeats: 0,
      macKey,
    });
  }

  update({ id, change }: Of<"update-device">): void {
    const device = this.devices.get(id) ?? null;
    if (device !== null) this.devices.set(id, { ...device, ...change });
  }

  changeLabels({ device, macKey, changes }: Of<"change-labels">): void {
    const labels = changed(this.labels.get(device)?.labels ?? noLabels, changes);
    if (labels.size === 0) this.labels.delete(device);
    else this.labels.set(device, { macKey, labels });
  }

  end({ session, reason, lastSeen, at }: Of<"end-session">): void {
    const [device, row] = [...this.sessions].find(([, one]) => one.session === session) ?? [];
    if (device === undefined || row === undefined || row.ended !== null) return;
    this.sessions.set(device, { ...row, reason, lastSeen, ended: at });
  }

  endOpen({ device, reason, at }: Of<"end-open-session">): void {
    const row = this.sessions.get(device);
    if (row?.ended === null) this.sessions.set(device, { ...row, reason, ended: at });
  }

  open({ session }: Of<"open-session">, number: number): void {
    const open = { lastSeen: session.started, everySeconds: null, ended: null, reason: null };
    this.sessions.set(session.device, { ...session, session: number, ...open, node: this.node });
  }

  move({ device, session, source }: Of<"move-session">): void {
    const row = this.sessions.get(device);
    if (row?.session !== session || row.ended !== null) return;
    this.sessions.set(device, { ...row, source, node: this.node });
  }

  touch({ touches }: Of<"touch-sessions">): void {
    for (const { repeats, session, device: id, ...heard } of touches) {
      const row = this.sessions.get(id);
      if (row?.session === session && row.node === this.node && row.ended === null)
        this.sessions.set(id, { ...row, ...heard });
      const device = this.devices.get(id) ?? null;
      if (device !== null) this.devices.set(id, { ...device, repeats: device.repeats + repeats });
    }
  }

  /** @param max how many of a device are kept */
  addQuestion(question: QuestionRow, max: number): void {
    const own = this.questions.get(question.device) ?? [];
    this.questions.set(question.device, [question, ...own].slice(0, max));
  }

  /** The question of this number, if it was loaded. */
  questionAt(number: number): QuestionRow | undefined {
    for (const own of this.questions.values()) {
      const found = own.find((row) => row.number === number);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  answer({ number, answer }: Of<"answer-question">): void {
    const question = this.questionAt(number);
    if (question?.answer !== null) return;
    const own = this.questions.get(question.device) as QuestionRow[];
    own[own.indexOf(question)] = { ...question, answer };
  }

  keepAnswer({ request, code }: Of<"keep-answer">): void {
    this.answered.set(requestKey(request), { code, digest: request.digest });
  }

  #loggedIn(asked: NonNullable<Keys["loggedIn"]>): string[] {
    const { after, inText, limit } = asked;
    const ids = new Set(this.loggedIn.get(listKey(asked)));
    for (const [id, { ended, clientKey }] of this.sessions) {
      if (ended !== null || (inText && clientKey !== null)) ids.delete(id);
      else if (after === null || id > after) ids.add(id);
    }
    return [...ids].sort().slice(0, limit);
  }

  #ipHolder({ besides, ip, port }: NonNullable<Keys["ipHolder"]>): string | null {
    return this.#holder(besides, (one) => one.ip === ip && (port ?? one.port) === one.port);
  }

  #macHolder({ besides, mac }: NonNullable<Keys["macHolder"]>): string | null {
    const key = comparableMac(mac);
    return this.#holder(besides, ({ macKey }) => macKey === key);
  }

  #holder(besides: string, has: (device: HeldDevice) => boolean): string | null {
    for (const device of this.devices.values()) {
      if (device !== null && device.id !== besides && has(device)) return device.id;
    }
    return null;
  }
}

/** What was asked for as one text. */
export function listKey({ after, inText, limit }: NonNullable<Keys["loggedIn"]>): string {
  return `${limit} ${inText} ${after}`;
}

/** The identity of a sealed request as one text. */
export function requestKey({ device, clientKey, msgid }: SealedRequest): string {
  return `${device} ${Buffer.from(clientKey).toString("base64")} ${msgid}`;
}
