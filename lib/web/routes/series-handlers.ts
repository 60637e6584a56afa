// Owns the handlers of charts: which numbers and states a device reports, and these over time. Never computes a point.

import { noLabels } from "../../server/labels.ts";
import type { RouteAnswer, CallOf, Handlers } from "../handlers.ts";
import { endsOf } from "./report-handlers.ts";
import { numbersIn, unitIn } from "../../fleet/numbers-in-messages.ts";
import { statesIn } from "../../fleet/states-in-messages.ts";
import { chartFieldsMax } from "../api/words.ts";
import { timeText } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Roster } from "../../fleet/roster.ts";
import { SeriesReader } from "../series/series-reader.ts";
import { unknown } from "../devices/device-values.ts";
import { Slice } from "../../fleet/slice.ts";

const dayMs = 86_400_000;
/** How many of the newest reports are searched for fields. */
const newestReports = 100;
const fieldNamesMax = 256;

/** The handlers of charts. */
export function seriesHandlers(
  ports: WebPorts,
  roster: Roster,
): Pick<Handlers, "fields" | "series" | "chart"> {
  const series = new SeriesReader(ports.reports);
  return {
    fields: ({ names }) => fields(ports, roster, names.id),
    series: (call) => points(ports, series, call),
    chart: (call) => chart(ports, series, call),
  };
}

async function fields(ports: WebPorts, roster: Roster, id: string): Promise<RouteAnswer<"fields">> {
  const { devices, reports } = ports;
  const [facts, [low, high]] = await Promise.all([devices.facts(id), endsOf(reports)]);
  if (facts === null) throw unknown(id);
  const scan = reports.scan(id, { low, high }, "newest");
  const latest = new Map<string, { latest: number; unit: string | null }>();
  const states = new Map<string, string>();
  const slice = new Slice();
  for (let left = newestReports; left > 0 && !scan.done;) {
    const rows = await scan.next(left);
    left -= rows.length;
    for (const { message } of rows) {
      for (const [name, value] of numbersIn(message)) {
        if (latest.has(name) || latest.size >= fieldNamesMax) continue;
        latest.set(name, { latest: value, unit: unitIn(message, name) });
      }
      for (const [name, word] of statesIn(message)) {
        if (!states.has(name) && states.size < fieldNamesMax) states.set(name, word);
      }
    }
    await slice.breathe();
  }
  await roster.load();
  const labels = roster.get(id)?.labels ?? noLabels;
  const labelOf = (name: string) => labels.get(`unit.${name.toLowerCase()}`) || null;
  const found = Array.from(latest, ([name, it]) => ({
    name,
    latest: it.latest,
    unit: it.unit ?? labelOf(name),
  }));
  const words = Array.from(states, ([name, word]) => ({ name, latest: word }));
  return { fields: found, states: words.filter(({ name }) => !latest.has(name)) };
}

async function points(
  ports: WebPorts,
  series: SeriesReader,
  call: CallOf<"series">,
): Promise<RouteAnswer<"series">> {
  const device = call.names.id;
  if ((await ports.devices.facts(device)) === null) throw unknown(device);
  const query = call.parameters();
  const { field, points: count } = query;
  const { from, to } = rangeOf(query, ports);
  const found = await series.points({ device, field, from, to, points: count });
  return { device, field, from: timeText(from), to: timeText(to), ...found };
}

async function chart(
  ports: WebPorts,
  reader: SeriesReader,
  call: CallOf<"chart">,
): Promise<RouteAnswer<"chart">> {
  const device = call.names.id;
  if ((await ports.devices.facts(device)) === null) throw unknown(device);
  const query = call.parameters();
  const [wanted, words] = [[...new Set(query.field)], [...new Set(query.state)]];
  const number = wanted.length + words.length;
  if (number === 0) throw new Problem("bad-parameter", "A chart needs a field or a state.");
  if (number > chartFieldsMax)
    throw new Problem("bad-parameter", `A chart has at most ${chartFieldsMax} fields and states.`);
  const { from, to } = rangeOf(query, ports);
  const { points: count } = query;
  const found = await reader.chart({
    device,
    fields: wanted,
    states: words,
    from,
    to,
    points: count,
  });
  return { device, from: timeText(from), to: timeText(to), ...found };
}

function rangeOf(
  query: { readonly from: number | null; readonly to: number | null },
  ports: WebPorts,
): { from: number; to: number } {
  const to = query.to ?? ports.now();
  const from = query.from ?? to - dayMs;
  if (from > to) throw new Problem("bad-parameter", "from is later than to.");
  return { from, to };
}
