// A store whose tables are Maps: the rules of the verbs without a database. A test can make whole batches fail.

import { ack } from "../../lib/protocol/codes.ts";
import { comparableMac } from "../../lib/protocol/fields.ts";
import { decideAnswer, type KeptQuestion } from "../../lib/server/answers.ts";
import type {
  EndReason,
  Operation,
  Outcome,
  Question,
  Report,
  StoredSession,
} from "../../lib/server/operation.ts";
import { decideDeregister } from "../../lib/server/verbs/deregister.ts";
import { decideLogin } from "../../lib/server/verbs/login.ts";
import { decideRegister, type DeviceRow } from "../../lib/server/verbs/register.ts";

type SessionRow = StoredSession & { readonly ended: EndReason | null };
type OperationOf<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

export class MapStore {
  readonly devices = new Map<string, DeviceRow>();
  readonly sessions = new Map<number, SessionRow>();
  readonly reports = new Map<number, Report>();
  /** How many repeated reports were counted for each device. */
  readonly repeats = new Map<string, number>();
  /** The questions, newest first. */
  questions: (KeptQuestion & Question)[] = [];
  /** Why the next batches fail; null while the store works. */
  trouble: string | null = null;
  /** Kinds of the operations applied so far. */
  applied: string[] = [];
  #numbers = 0;

  apply(operations: readonly Operation[]): Outcome[] {
    if (this.trouble !== null) throw new Error(this.trouble);
    return operations.map((operation) => {
      this.applied.push(operation.kind);
      return this.#applyOne(operation);
    });
  }

  housekeep(): void {}

  openSessions(): StoredSession[] {
    return [...this.sessions.values()].filter(({ ended }) => ended === null);
  }

  /** How each session of a device ended, in order; null for an open one. */
  endsOf(id: string): (EndReason | null)[] {
    return [...this.sessions.values()].filter((row) => row.id === id).map(({ ended }) => ended);
  }

  #applyOne(operation: Operation): Outcome {
    switch (operation.kind) {
      case "register":
        return this.#register(operation);
      case "deregister":
        return this.#deregister(operation);
      case "login":
        return this.#login(operation);
      case "report":
        return this.#answer(operation) ?? this.#report(operation);
      case "question": {
        const number = this.questions.length + 1;
        this.questions = [{ ...operation.question, number, answer: null }, ...this.questions];
        return { kind: "question", number };
      }
      case "hour":
        return { kind: "nothing" };
      case "end":
        this.#end(this.sessions.get(operation.session), operation.reason);
        return { kind: "nothing" };
      case "touch":
        for (const touch of operation.sessions) {
          const { session, lastSeen, source, everySeconds, clockOffset, device, repeats } = touch;
          this.repeats.set(device, (this.repeats.get(device) ?? 0) + repeats);
          const row = this.sessions.get(session) as SessionRow;
          this.sessions.set(session, { ...row, lastSeen, source, everySeconds, clockOffset });
        }
        return { kind: "nothing" };
      case "find":
        return { kind: "found", known: this.devices.has(operation.id), report: null };
      case "latest": {
        const known = this.devices.has(operation.id);
        const own = [...this.reports.values()].filter(({ device }) => device === operation.id);
        const textLocked = this.devices.get(operation.id)?.textLocked === true;
        return { kind: "found", known, report: known ? (own.at(-1) ?? null) : null, textLocked };
      }
      case "answered":
      case "resume":
      case "remove":
      case "allow-text":
        throw new Error(`this store does not know ${operation.kind}`);
    }
  }

  #register(operation: OperationOf<"register">): Outcome {
    const { device } = operation;
    const own = this.devices.get(device.id) ?? null;
    const others = [...this.devices.values()].filter(({ id }) => id !== device.id);
    const atIp = own?.ip === device.ip ? undefined : others.find(({ ip }) => ip === device.ip);
    const withMac = others.find(({ mac }) => comparableMac(mac) === comparableMac(device.mac));
    const decision = decideRegister(operation, "replace", {
      own,
      ipHolder: atIp?.id ?? null,
      macHolder: withMac?.id ?? null,
    });
    if (decision.kind === "need") return decision;
    const { code, hash, holder, store } = decision;
    if (store !== "nothing") {
      const unsealed = { sealedKey: null, storedProof: null, textLocked: false };
      this.devices.set(device.id, { ...unsealed, ...device, hash: hash as string });
    }
    return { kind: "done", code, session: 0, hash, holder };
  }

  #deregister({ device, proof }: OperationOf<"deregister">): Outcome {
    const own = this.devices.get(device.id) ?? null;
    const decision = decideDeregister(device, proof, null, "replace", own);
    if (decision.kind === "need") return decision;
    if (decision.remove) {
      this.devices.delete(device.id);
      this.#endAllOf(device.id, "deregistered");
    }
    return { kind: "done", code: decision.code, session: 0, hash: null };
  }

  #login({ id, proof, source, stated, at }: OperationOf<"login">): Outcome {
    const own = this.devices.get(id) ?? null;
    const decision = decideLogin(proof, null, "replace", own);
    if (decision.kind === "need") return decision;
    const { code } = decision;
    const hash = own?.hash ?? null;
    if (code !== ack.loggedIn) return { kind: "done", code, session: 0, hash };
    this.#endAllOf(id, "replaced");
    const before = [...this.sessions.values()].findLast((row) => row.id === id);
    const clockOffset = before?.clockOffset ?? null;
    const session = ++this.#numbers;
    const times = { started: at, lastSeen: at, everySeconds: null, clockOffset };
    const row = { session, id, source, stated, ...times, clientKey: null, ended: null };
    this.sessions.set(session, row);
    return { kind: "done", code, session, hash, clockOffset };
  }

  #report({ report, key }: OperationOf<"report">): Outcome {
    const repeated = this.reports.has(key);
    if (!repeated) this.reports.set(key, report);
    return { kind: "report", sequence: [...this.reports.keys()].indexOf(key) + 1, repeated };
  }

  #answer({ report, key, mayAnswer = null }: OperationOf<"report">): Outcome | null {
    if (mayAnswer === null) return null;
    const own = this.questions.filter(({ device }) => device === report.device);
    const decision = decideAnswer(report, mayAnswer, own);
    if (decision.kind === "report") return null;
    const { question } = decision;
    if (decision.kind === "repeat") return { kind: "answer", question, repeated: true };
    if (decision.ifNew && this.reports.has(key)) return null;
    const asked = own.find(({ number }) => number === question) as KeptQuestion & Question;
    const answered = { ...asked, answer: report };
    this.questions =
      asked.answer === null
        ? this.questions.map((it) => (it === asked ? answered : it))
        : [{ ...answered, number: this.questions.length + 1 }, ...this.questions];
    return { kind: "answer", question, repeated: false };
  }

  #endAllOf(id: string, ended: EndReason): void {
    for (const row of this.sessions.values()) if (row.id === id) this.#end(row, ended);
  }

  #end(row: SessionRow | undefined, ended: EndReason): void {
    if (row?.ended === null) this.sessions.set(row.session, { ...row, ended });
  }
}
