// Owns the list of devices: which ones, in which order, a page at a time, with all that is shown of each. Never reads the database
// itself: everything comes from the ports and the roster.

import { presenceOf, type RosterEntry } from "../../fleet/presence-of.ts";
import type { Roster } from "../../fleet/roster.ts";
import type { RosterFilter, RosterKey, RosterQuery } from "../../fleet/roster-page.ts";
import { Slice } from "../../fleet/slice.ts";
import { faultWords } from "../../server/labels.ts";
import type { DeviceRow } from "../../server/rows.ts";
import { readSelector, type Selector } from "../../server/selector.ts";
import type { AlertMarks } from "../live/alert-marks.ts";
import { foundByAddress } from "../access/address-search.ts";
import { meantMax } from "../api/device-table.ts";
import type { DeviceJson } from "../api/shapes.ts";
import { daysOf } from "./availability-reading.ts";
import { DeviceReading } from "./device-reading.ts";
import { DeviceLines } from "../exports/device-lines.ts";
import { presenceFields, reportOf } from "./device-values.ts";
import type { ExportSlots } from "../exports/export-slots.ts";
import type { CallOf, RouteAnswer } from "../handlers.ts";
import { LastValues } from "./last-values.ts";
import { encodeCursor, timeText } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";
import { csvType, textStream } from "../exports/text-stream.ts";

/** How many devices of a page are read at once: about 1 ms. */
const devicesPerRead = 100;

/** What is listed, and in which order. */
export type ListQuery = ReturnType<CallOf<"devices">["parameters"]>;

export class DeviceListing {
  readonly #values: LastValues;

  constructor(
    private readonly ports: WebPorts,
    private readonly roster: Roster,
    private readonly marks: AlertMarks,
    private readonly exports: ExportSlots,
  ) {
    this.#values = new LastValues(ports);
  }

  /** The answer to who asks for the list: a page of it, or all of it as CSV. */
  async answer(asked: ListQuery): Promise<RouteAnswer<"devices">> {
    if (asked.format === "json") {
      const { devices, total, next } = await this.#page(asked);
      return { devices, total, next: next === null ? null : encodeCursor(next) };
    }
    const lines = new DeviceLines(
      (cursor, limit) => this.#page({ ...asked, cursor, limit }),
      asked,
    );
    await lines.begin();
    return textStream(lines, csvType, "devices.csv", this.exports.take());
  }

  /** A page of the devices that match. */
  async #page(asked: ListQuery) {
    const { roster, marks } = this;
    const query = await this.#rosterQuery(asked);
    const page = await roster.page(query);
    const read = await this.#read(page.entries);
    const days = asked.availability === null ? null : await this.#daysOf(read);
    await marks.renew();
    // Nothing is awaited from here on: no event that was sent already may be newer than what the list says.
    const devices = page.entries.flatMap((entry) => {
      const facts = read.facts.get(entry.id);
      // It was deregistered meanwhile, or is not what was asked for any more.
      if (facts === undefined || !roster.has(entry, query)) return [];
      const { id } = entry;
      const more = { alerts: marks.of(id), availability: days?.get(id) ?? null };
      return [{ ...deviceOf(this.ports, roster, entry, facts, read), ...more }];
    });
    return { devices, total: page.total, next: page.next };
  }

  #daysOf({ facts }: DeviceReading) {
    const { devices, now } = this.ports;
    return daysOf(devices, [...facts.values()], now());
  }

  async #read(entries: readonly RosterEntry[]): Promise<DeviceReading> {
    const read = new DeviceReading(this.ports);
    const slice = new Slice();
    for (let begin = 0; begin < entries.length; begin += devicesPerRead) {
      await read.take(entries.slice(begin, begin + devicesPerRead));
      await slice.breathe();
    }
    await read.renew();
    return read;
  }

  async #rosterQuery(asked: ListQuery): Promise<RosterQuery> {
    const { sort, q, select, presence, unheard, alerts, field, limit, cursor } = asked;
    const contains = q.toLowerCase();
    await this.ports.openCommands.load();
    const found = await foundByAddress(this.ports.devices, await this.roster.ids(), contains);
    const among = alerts === null ? null : this.marks;
    if (among !== null) await among.renew();
    const filter: RosterFilter = { select: selectIn(select), presence, unheard, among };
    const key = sort.replace("-", "") as RosterKey;
    const order = { key, descending: sort.startsWith("-"), limit, after: cursor };
    const query = { ...filter, contains, found, ...order };
    return key === "value" ? { ...query, values: await this.#valuesOf(query, field) } : query;
  }

  /** The numbers of a field in the last reports of all devices that match. */
  async #valuesOf(query: RosterQuery, field: string): Promise<ReadonlyMap<string, number>> {
    const all = { key: "id", limit: meantMax, after: null } as const;
    const { entries, total } = await this.roster.page({ ...query, ...all });
    if (total <= meantMax) return this.#values.of(entries, field);
    const detail = `sort=value compares at most ${meantMax} devices, and ${total} match.`;
    throw new Problem("bad-parameter", `${detail} Narrow them down with select.`);
  }
}

/**
 * The selector in a text; null if that is empty.
 * @throws Problem `bad-parameter` with the position of what is wrong
 */
export function selectIn(text: string): Selector | null {
  if (text === "") return null;
  const read = readSelector(text);
  if (read.ok) return read.value;
  throw new Problem("bad-parameter", `select is wrong ${faultWords(read.fault)}.`);
}

/** A device as the API shows it, but for its alerts and its availability. */
export function deviceOf(
  ports: WebPorts,
  roster: Roster,
  entry: RosterEntry,
  facts: DeviceRow,
  read: DeviceReading,
): Omit<DeviceJson, "alerts" | "availability"> {
  const { id, mac, ip, port, registered, repeats } = facts;
  const report = read.reportOf(id);
  const heard = entry.ended === null ? read.heardOf(id) : null;
  const source = presenceOf(entry) === "never" ? null : read.sourceOf(id);
  const session = read.sessionOf(id);
  if (session !== null) roster.hear(id, session.session, session.lastSeen);
  // A server writes down what it hears with a delay.
  if (session !== null && report !== null) roster.hear(id, session.session, report.received);
  return {
    id,
    mac,
    ip,
    port,
    registered: timeText(registered),
    ...presenceFields(ports, roster, entry),
    transport: heard === null ? null : heard.sealed ? "sealed" : "text",
    everySeconds: heard?.everySeconds ?? null,
    source: source === null ? null : { ip: source.ip, port: source.port },
    node: heard?.node || null,
    lastReport: report === null ? null : reportOf(report),
    repeats,
  };
}
