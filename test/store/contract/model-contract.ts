// Random operations against plain Maps: every outcome, and at the end every row, is as the rules say, through failed
// batches and restarts. A failure names the seed.

import { expect, test } from "bun:test";
import type { DeviceFacts } from "../../../lib/server/rows.ts";
import { deviceOf, loginOf, newDraw, reportOf, startOfTime } from "../fixtures.ts";
import { type Operation, operateSoon, type Outcome } from "../operations.ts";
import { load, type OpenNew, type TestedStore } from "./tested-store.ts";

type Draw = (below: number) => number;

/** The expected content of the store, in the simplest form that can be copied. */
class Model {
  devices = new Map<string, DeviceFacts & { hash: string }>();
  /** Device by open session. */
  open = new Map<number, string>();
  /** Number by the fields that identify a report. */
  reports = new Map<string, number>();
  sessions = 0;

  copy(): Model {
    return Object.assign(new Model(), structuredClone({ ...this }));
  }

  apply(operation: Operation): unknown {
    switch (operation.kind) {
      case "register":
        return this.#register(operation);
      case "deregister": {
        const own = this.devices.get(operation.device.id);
        if (own === undefined) return "21";
        const { id, ip, mac } = operation.device;
        if (!isRight(operation, own.hash)) return isWrong(operation, own.hash) ? "31" : "need";
        if (own.ip !== ip || own.mac !== mac) return "30";
        this.devices.delete(id);
        this.#endOf(id);
        return "20";
      }
      case "login": {
        const own = this.devices.get(operation.id);
        if (!isRight(operation, own?.hash ?? null) || own === undefined) {
          return isWrong(operation, own?.hash ?? null) ? "31" : "need";
        }
        this.#endOf(operation.id);
        this.open.set(++this.sessions, operation.id);
        return `70 ${this.sessions}`;
      }
      case "end":
        this.open.delete(operation.session);
        return "nothing";
      case "report": {
        const { device, time, code, message } = operation.report;
        const itself = [device, time, code, message].join("\t");
        const before = this.reports.get(itself);
        if (before === undefined) this.reports.set(itself, this.reports.size + 1);
        return `${before ?? this.reports.size} ${before !== undefined}`;
      }
      case "latest": {
        const known = this.devices.has(operation.id);
        return `${known} ${known ? (this.reportsOf(operation.id)[0] ?? null) : null}`;
      }
      default:
        throw new Error(`no model of ${operation.kind}`);
    }
  }

  /** Messages of a device's reports, newest first. */
  reportsOf(device: string): string[] {
    const own = [...this.reports.keys()].filter((itself) => itself.startsWith(`${device}\t`));
    return own.reverse().map((itself) => itself.split("\t")[3] as string);
  }

  #register(operation: Extract<Operation, { kind: "register" }>): string {
    const { device, proof } = operation;
    const own = this.devices.get(device.id);
    const others = [...this.devices.values()].filter(({ id }) => id !== device.id);
    const ipTaken = others.some(({ ip }) => ip === device.ip);
    if (own !== undefined) {
      if (own.mac !== device.mac) return "11";
      if (own.ip === device.ip && own.port === device.port) return "01";
      if (!isRight(operation, own.hash)) return isWrong(operation, own.hash) ? "31" : "need";
      if (ipTaken) return "12";
      this.devices.set(device.id, { ...own, ip: device.ip, port: device.port });
      return "02";
    }
    if (ipTaken) return "12";
    if (others.some(({ mac }) => mac === device.mac)) return "13";
    if (proof.kind !== "hashed") return "need";
    this.devices.set(device.id, { ...device, hash: proof.hash });
    return "00";
  }

  #endOf(device: string): void {
    for (const [session, its] of this.open) if (its === device) this.open.delete(session);
  }
}

type Proven = Extract<Operation, { readonly proof: unknown }>;

function isRight({ proof }: Proven, hash: string | null): boolean {
  return proof.kind === "verified" && proof.hash === hash;
}

function isWrong({ proof }: Proven, hash: string | null): boolean {
  return proof.kind === "refused" && proof.hash === hash;
}

/** An operation on one of six devices, mostly with a proof that the model knows to be right. */
function drawOperation(draw: Draw, model: Model): Operation {
  const number = draw(6);
  const id = `device-${number}`;
  const hash = draw(5) === 0 ? "stale" : (model.devices.get(id)?.hash ?? null);
  const proofs = [
    { kind: "none" },
    { kind: "hashed", hash: `h${draw(1000)}` },
    { kind: "refused", hash },
    { kind: "verified", hash: hash ?? "h1" },
    { kind: "verified", hash: hash ?? "h1" },
  ] as const;
  const proof = proofs[draw(proofs.length)] as (typeof proofs)[number];
  const device = deviceOf(number, {
    mac: `m${draw(4) === 0 ? draw(6) : number}`,
    ip: `10.0.0.${draw(2) === 0 ? draw(6) : number}`,
    port: 1 + draw(2),
  });
  const at = startOfTime + draw(1000);
  switch (draw(8)) {
    case 0:
    case 1:
      return { kind: "register", device, proof, sealed: false, clientKey: null, join: "open", at };
    case 2:
      return { kind: "deregister", device, proof, clientKey: null, at };
    case 3:
      return loginOf(device, proof, at);
    case 4:
      return {
        kind: "end",
        id: "device-1",
        lastSeen: 0,
        session: 1 + draw(model.sessions + 1),
        reason: "logoff",
        at,
      };
    case 5:
      return { kind: "latest", id };
    default: {
      // The last 16 reports are found however old they are, so a repeat is drawn from them.
      const own = model.reportsOf(id);
      const isRepeat = draw(3) === 0 && own.length > 0;
      const message = isRepeat ? own[draw(Math.min(16, own.length))] : `${model.reports.size + 1}`;
      return reportOf(id, message as string, { at });
    }
  }
}

/** The numbers of a store as the model gives them: without those that the store has left out. */
class Numbers {
  /** By the model's numbers, from 1 on. */
  readonly #given: number[] = [0];

  /** @param hasHoles whether the store may leave numbers out; they ascend all the same */
  constructor(private readonly hasHoles: boolean) {}

  /** The model's number for one of the store. */
  of(number: number): number {
    if (!this.hasHoles) return number;
    if (number > (this.#given.at(-1) as number)) this.#given.push(number);
    return this.#given.indexOf(number);
  }

  /** The store's number for one of the model, also for one that was not given. */
  given(number: number): number {
    return this.hasHoles ? (this.#given[number] ?? Number.MAX_SAFE_INTEGER) : number;
  }
}

type AllNumbers = { readonly sessions: Numbers; readonly reports: Numbers };

function summaryOf(outcome: Outcome, { sessions, reports }: AllNumbers): string {
  switch (outcome.kind) {
    case "need":
      return "need";
    case "done":
      return outcome.code === "70" ? `70 ${sessions.of(outcome.session)}` : outcome.code;
    case "report":
      return `${reports.of(outcome.sequence)} ${outcome.repeated}`;
    case "no-session":
      return "no session";
    case "found":
      return `${outcome.known} ${outcome.report?.message ?? null}`;
    case "answered":
    case "answer":
    case "question":
    case "nothing":
      return outcome.kind;
  }
}

async function expectSame(
  seed: number,
  store: TestedStore,
  model: Model,
  numbers: AllNumbers,
): Promise<void> {
  for (let number = 0; number < 6; number++) {
    const id = `device-${number}`;
    const { device } = await load(store, { device: id });
    const facts = device === null ? undefined : pick(device);
    expect([seed, id, facts]).toEqual([seed, id, model.devices.get(id)]);
    const scan = store.reads.scan(id, { low: 0, high: Number.MAX_SAFE_INTEGER }, "newest");
    const messages: string[] = [];
    while (!scan.done) messages.push(...(await scan.next(50)).map(({ message }) => message));
    expect([seed, id, messages]).toEqual([seed, id, model.reportsOf(id)]);
  }
  const sessions = await store.openSessions();
  const open = new Map(
    sessions.map(({ session, device }) => [numbers.sessions.of(session), device]),
  );
  expect([seed, open]).toEqual([seed, model.open]);
}

/** Nobody knows the number of a session before its batch is stored, where numbers may be left out. */
function withKnownSession(operation: Operation, model: Model): Operation {
  if (operation.kind !== "end" || operation.session <= model.sessions) return operation;
  return { ...operation, session: 0 };
}

function pick({ id, mac, ip, port, hash }: DeviceFacts & { hash: string }) {
  return { id, mac, ip, port, hash };
}

/** Runs the contract on a store. */
export function modelContract(openNew: OpenNew): void {
  test.each(Array.from({ length: 20 }, (_, i) => i + 1))(
    "agrees with Maps (seed %d)",
    async (seed) => {
      const draw = newDraw(seed);
      let store = await openNew();
      let model = new Model();
      const hasHoles = store.hasHoles === true;
      const numbers = { sessions: new Numbers(hasHoles), reports: new Numbers(hasHoles) };
      for (let step = 0; step < 100; step++) {
        const next = model.copy();
        const batch: Operation[] = [];
        const toStore = (operation: Operation) =>
          operation.kind === "end"
            ? { ...operation, session: numbers.sessions.given(operation.session) }
            : operation;
        const expected: unknown[] = [];
        for (let i = draw(12); i >= 0; i--) {
          const operation = hasHoles
            ? withKnownSession(drawOperation(draw, next), model)
            : drawOperation(draw, next);
          batch.push(toStore(operation));
          expected.push(next.apply(operation));
        }
        if (draw(6) === 0) {
          const broken = { kind: "report", report: null } as unknown as Operation;
          const isStored = await operateSoon(store, [...batch, broken]).then(
            () => true,
            () => false,
          );
          expect([seed, step, isStored]).toEqual([seed, step, false]);
          await expectSame(seed, store, model, numbers);
        }
        const outcomes = (await operateSoon(store, batch)).map((outcome) =>
          summaryOf(outcome, numbers),
        );
        expect([seed, step, outcomes]).toEqual([seed, step, expected as string[]]);
        model = next;
        store.housekeep();
        if (draw(10) === 0) store = await store.reopened();
      }
      await expectSame(seed, store, model, numbers);
    },
  );
}
