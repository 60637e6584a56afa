// The devices that have kept questions, in memory: of a report of any other device no row needs to be read. Has perhaps some
// whose questions are gone.

import type { Step } from "../../../server/store-port.ts";

/** How many times are kept, twice as many as there are questions. Beyond it only the devices are known. */
const timesMax = 20_000;

export class AskedDevices {
  /** The times of each device's questions; null: any time. */
  readonly #times = new Map<string, Set<string> | null>();
  #count = 0;

  /** @param most how many times are kept */
  constructor(private readonly most = timesMax) {}

  /** Whether there may be questions to a device, of this time if there is one. */
  mayHave(device: string, time: string | null): boolean {
    const times = this.#times.get(device);
    return times !== undefined && (time === null || times === null || times.has(time));
  }

  /** Notes a question. */
  note(device: string, time: string): void {
    const times = this.#times.get(device);
    if (times === null) return;
    if (times === undefined) this.#times.set(device, new Set([time]));
    else times.add(time);
    if (++this.#count <= this.most) return;
    for (const id of this.#times.keys()) this.#times.set(id, null);
    this.#count = 0;
  }
}

/** Whether a step is a report that no question has asked for. */
export function isPlainReport(step: Step, asked: AskedDevices): boolean {
  if (step.kind === "rule") return false;
  const { report, mayAnswer } = step;
  if (mayAnswer === null) return true;
  return !asked.mayHave(report.device, mayAnswer.addressed ? null : report.time);
}

/** The devices whose reports may be answers, each once. */
export function devicesThatMayAnswer(steps: readonly Step[]): string[] {
  const devices = steps.flatMap((step) =>
    step.kind === "report" && step.mayAnswer !== null ? [step.report.device] : [],
  );
  return [...new Set(devices)];
}
