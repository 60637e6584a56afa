// What a contract of the store is run on: any store, opened anew for each test, and short ways to speak to it.

import type {
  Rows,
  StepResult,
  Rule,
  Step,
  Store,
  Write,
  Keys,
} from "../../../lib/server/store-port.ts";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { ReportStep, ReportStored } from "../../../lib/server/store-port.ts";
import { startOfTime } from "../fixtures.ts";
import { originOf } from "../report-origin.ts";

/** A store under test. */
export type TestedStore = Store &
  Pick<OpenStore, "reads" | "openSessions" | "openCommands" | "alerts"> & {
    /** Whether numbers may be left out: then they only ascend. */
    readonly hasHoles?: boolean;
    /** The same store after its process has ended and another has opened it. */
    reopened(): Promise<TestedStore>;
  };

/** Opens an empty store. */
export type OpenNew = () => Promise<TestedStore>;

/** Carries out steps in one batch. */
export async function apply(store: Store, ...steps: Step[]): Promise<readonly StepResult[]> {
  return await store.apply(steps);
}

/** A step that writes. */
export function writing(...writes: Write[]): Rule<null> {
  return { kind: "rule", keys: {}, decide: () => ({ outcome: null, writes }) };
}

/** A step that gives the rows it finds. */
export function loading(keys: Keys): Rule<Rows> {
  return { kind: "rule", keys, decide: (rows) => ({ outcome: rows, writes: [] }) };
}

/** Writes in one batch; returns the number of the last one. */
export async function write(store: Store, ...writes: Write[]): Promise<number> {
  const results = await apply(store, ...writes.map((it) => writing(it)));
  return (results.at(-1) as { number: number }).number;
}

/** The rows for some keys. */
export async function load(store: Store, keys: Keys): Promise<Rows> {
  const [result] = await apply(store, loading(keys));
  return (result as { outcome: Rows }).outcome;
}

/** Stores reports in one batch. */
export async function report(store: Store, ...steps: ReportStep[]): Promise<ReportStored[]> {
  return (await apply(store, ...steps)) as ReportStored[];
}

/** A report, with the key that its text has. */
export function reading(
  device: string,
  message: string,
  given: { at?: number; received?: number; time?: string; code?: string } = {},
): ReportStep {
  const { at = startOfTime, received = at, time = "t", code = "01" } = given;
  const text = [device, message, time, code].join("\t");
  const key = Number.parseInt(Bun.SHA256.hash(text, "hex").slice(0, 12), 16);
  const stored = { device, time, received, at, code, message };
  return {
    kind: "report",
    session: 0,
    report: stored,
    key,
    origin: originOf(text),
    previous: 0,
    mayAnswer: null,
  };
}
