// Owns the HTTP routes of charts: which numbers a device reports, and one of them over time. Never computes a point.

import { numbersIn } from "./numbers-in-messages.ts";
import { timeText } from "./parameters.ts";
import type { WebPorts } from "./ports.ts";
import { Problem } from "./problem.ts";
import { type Call, json, type Route } from "./router.ts";
import { Series } from "./series.ts";
import { unknown } from "./shapes.ts";
import { Slice } from "./slice.ts";

const dayMs = 86_400_000;
const pointsMax = 4_000;
/** How many of the newest reports are searched for fields. */
const newestReports = 100;
const fieldNamesMax = 256;

/** The routes of charts. */
export function seriesRoutes(ports: WebPorts): Route[] {
  const series = new Series(ports.reports);
  return [
    {
      method: "GET",
      path: "/api/v1/devices/{id}/fields",
      query: [],
      access: "read",
      answer: ({ names }) => fields(ports, idOf(ports, names["id"])),
    },
    {
      method: "GET",
      path: "/api/v1/devices/{id}/series",
      query: ["field", "from", "to", "points"],
      access: "read",
      answer: (call) => points(ports, series, call),
    },
  ];
}

async function fields(ports: WebPorts, id: string): Promise<Response> {
  const { reports } = ports;
  const scan = reports.scan(id, { low: reports.first(), high: reports.end() }, "newest");
  const latest = new Map<string, number>();
  const slice = new Slice();
  for (let left = newestReports; left > 0 && !scan.done;) {
    const rows = scan.next(left);
    left -= rows.length;
    for (const { message } of rows) {
      for (const [name, value] of numbersIn(message)) {
        if (!latest.has(name) && latest.size < fieldNamesMax) latest.set(name, value);
      }
    }
    await slice.breathe();
  }
  return json({ fields: Array.from(latest, ([name, value]) => ({ name, latest: value })) });
}

async function points(ports: WebPorts, series: Series, call: Call): Promise<Response> {
  const { parameters, names } = call;
  const device = idOf(ports, names["id"]);
  const field = parameters.text("field", 128) || "value";
  const to = parameters.time("to", ports.now());
  const from = parameters.time("from", to - dayMs);
  if (from > to) throw new Problem("bad-parameter", "from is later than to.");
  const count = parameters.integer("points", 1, pointsMax, 600);
  const found = await series.points({ device, field, from, to, points: count });
  return json({ device, field, from: timeText(from), to: timeText(to), ...found });
}

function idOf(ports: WebPorts, id = ""): string {
  if (ports.devices.facts(id) === null) throw unknown(id);
  return id;
}
