// The lines of the command simulate: one a second, and the last one. Never decides when.

import type { Fleet } from "../../client/simulation/fleet.ts";
import type { Tally } from "../../client/simulation/tally.ts";
import type { SimulateConfig } from "../../config/client-simulation.ts";

type Shown = Pick<SimulateConfig, "devices" | "clean" | "json">;

/**
 * The line of a second.
 * @param time ms since 1970
 * @param tally what happened since the line before
 * @param tookMs how long that was: more than a second on a busy machine
 */
export function tallyLine(
  time: number,
  { joined }: Pick<Fleet, "joined">,
  { sent, acked, lost, commands, p99Ms }: Tally,
  tookMs: number,
  { devices, clean, json }: Shown,
): string {
  const at = new Date(time).toISOString();
  const rate = (count: number) => Math.round((count * 1000) / tookMs);
  const p99 = p99Ms === null ? null : Math.round(p99Ms * 10) / 10;
  if (json) {
    const fields = { time: at, [clean ? "removed" : "devices"]: joined, of: devices };
    const rates = { sent: rate(sent), acked: rate(acked), lost, commands, p99Ms: p99 };
    return JSON.stringify({ ...fields, ...rates });
  }
  const who = `${clean ? "removed" : "devices"} ${joined}/${devices}`;
  const rates = `sent ${rate(sent)}/s  acked ${rate(acked)}/s  lost ${lost}  p99 ${p99 ?? "-"} ms`;
  const more = commands === 0 ? "" : `  commands ${commands}`;
  return `${at.slice(11, 19)}  ${who}  ${rates}${more}`;
}

/** The last line: what there was in all. */
export function summary(
  { joined, refused, counts }: Pick<Fleet, "joined" | "refused" | "counts">,
  { devices, clean, json }: Shown,
): string {
  counts.take();
  const { sent, acked, lost, commands } = counts.all;
  if (json) {
    const who = { [clean ? "removed" : "devices"]: joined, refused };
    return JSON.stringify({ ...who, sent, acked, lost, commands });
  }
  const what = clean ? "removed" : "joined";
  const more =
    commands === 0 ? "" : `, ${commands} command${commands === 1 ? "" : "s"} carried out`;
  return `${joined} of ${devices} devices ${what}, ${refused} refused: ${sent} sent, ${acked} acked, ${lost} lost${more}.`;
}
