// The comparison: floors, servers and peers take turns on one core, in one run. A result is a ratio within a turn,
// because the machine may be busy with other work at times. Knows no request.

import type { LoadResult } from "./load.ts";
import type { Pace, Ratio, Row, Target } from "./measure.ts";
import { cpuTimeOf } from "./process-readings.ts";
import { median, ratiosOf } from "./spread.ts";

/** Loads something for some seconds and checks its answers. */
export type Loader = (seconds: number) => Promise<LoadResult>;

/** One that takes turns. */
export type Contender = {
  /** As the table calls it. */
  readonly name: string;
  /** The process whose CPU time counts; null if there is none. */
  readonly pid: number | null;
  readonly load: Loader;
};

/** What one contender did in its turns. */
export type Turns = {
  readonly name: string;
  /** One result per turn. */
  readonly results: readonly LoadResult[];
  /** CPU time per answered request in each turn, µs; empty if no process counts. */
  readonly cpuUs: readonly number[];
  /** The number of acknowledged and of sent requests, warm-up included. */
  readonly acked: number;
  readonly sent: number;
};

/** How long each is loaded before the turns begin, s. */
export function warmUpSeconds(seconds: number): number {
  return Math.min(1, seconds);
}

/**
 * Loads contenders in turns, each once per round. Every other round goes backwards, so that a trend over time affects
 * all equally.
 * @returns what each did, in their order
 */
export async function takeTurns(
  contenders: readonly Contender[],
  { rounds, seconds }: Pace,
): Promise<Turns[]> {
  // In its first second a server's code is still being compiled, so the warm-up does not count.
  const warmUps = new Map<Contender, LoadResult>();
  for (const contender of contenders) {
    warmUps.set(contender, await contender.load(warmUpSeconds(seconds)));
  }
  const turns = contenders.map(() => ({ results: [] as LoadResult[], cpuUs: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    const order = [...contenders.entries()];
    for (const [i, { pid, load }] of round % 2 === 0 ? order : order.toReversed()) {
      const before = pid === null ? 0 : cpuTimeOf(pid);
      const result = await load(seconds);
      turns[i]?.results.push(result);
      if (pid !== null) turns[i]?.cpuUs.push((cpuTimeOf(pid) - before) / result.received);
    }
  }
  return contenders.map((contender, i) => {
    const { results, cpuUs } = turns[i] as (typeof turns)[number];
    const all = [warmUps.get(contender) as LoadResult, ...results];
    return {
      name: contender.name,
      results,
      cpuUs,
      acked: all.reduce((sum, { received }) => sum + received, 0),
      sent: all.reduce((sum, { sent }) => sum + sent, 0),
    };
  });
}

/** What of a load is compared. */
export type Figure = "rate" | "p50" | "p99";

const units: Record<Figure, string> = { rate: "/s", p50: "µs", p99: "µs" };

/** The median of a figure over the turns. */
export function medianOf({ results }: Turns, figure: Figure): number {
  return median(results.map((result) => result[figure]));
}

/** A figure of one divided by that of another, in each turn. */
export function ratioOf(ours: Turns, theirs: Turns, figure: Figure = "rate"): Ratio {
  const values = ({ results }: Turns) => results.map((result) => result[figure]);
  return { spread: ratiosOf(values(ours), values(theirs)), of: `${ours.name} / ${theirs.name}` };
}

/** A row for a figure of one, with its CPU time; compared with another, if there is one. */
export function figureRow(turns: Turns, figure: Figure, to?: Turns, target?: Target): Row {
  return {
    measure: figure === "rate" ? `${turns.name}, rate` : `${turns.name}, latency ${figure}`,
    value: medianOf(turns, figure),
    unit: units[figure],
    ...(figure === "rate" && turns.cpuUs.length > 0 && { cpuUs: median(turns.cpuUs) }),
    ...(to !== undefined && { ratio: ratioOf(turns, to, figure) }),
    ...(target !== undefined && { target }),
  };
}
