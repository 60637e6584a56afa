// Owns the numbers in the last reports of many devices, by which a list is sorted. Remembers the messages of those reports, since
// each page of a list compares all devices again. Stores nothing.

import { BoundedMap } from "../../bounded-map.ts";
import { finderOf } from "../../fleet/numbers-in-messages.ts";
import { presenceOf, type RosterEntry } from "../../fleet/presence-of.ts";
import { Slice } from "../../fleet/slice.ts";
import { meantMax } from "../api/device-table.ts";
import type { WebPorts } from "../ports.ts";

/** How many devices are read at once; of those that have been silent, for how long ever, only a few. */
const devicesPerRead = 100;
const quietPerRead = 10;

type Kept = {
  /** What the device's last report was known by; another mark, and there may be a later one. */
  readonly mark: string;
  readonly message: string;
};

export class LastValues {
  readonly #kept = new BoundedMap<string, Kept>(meantMax);

  constructor(private readonly ports: Pick<WebPorts, "reports" | "presence">) {}

  /** The number of a field in the last report of each device that has it there, by id. */
  async of(entries: readonly RosterEntry[], field: string): Promise<ReadonlyMap<string, number>> {
    const values = new Map<string, number>();
    const find = finderOf(field);
    const slice = new Slice();
    for (let begin = 0; begin < entries.length; begin += devicesPerRead) {
      const some = entries.slice(begin, begin + devicesPerRead);
      const messages = await this.#messagesOf(some);
      for (const [i, { id }] of some.entries()) {
        const value = find(messages[i] ?? "");
        if (!Number.isNaN(value)) values.set(id, value);
      }
      await slice.breathe();
    }
    return values;
  }

  /** The messages of the last reports; empty without one. */
  async #messagesOf(entries: readonly RosterEntry[]): Promise<readonly string[]> {
    const marks = entries.map((entry) => this.#markOf(entry));
    const isKnown = (id: string, i: number) =>
      marks[i] !== null && this.#kept.get(id)?.mark === marks[i];
    const missing = entries.filter(({ id }, i) => !isKnown(id, i)).map(({ id }) => id);
    const found = await this.#readOf(missing);
    return entries.map(({ id }, i) => {
      const message = found.get(id);
      if (message === undefined) return this.#kept.get(id)?.message ?? "";
      const mark = marks[i] ?? null;
      if (mark !== null) this.#kept.renew(id, { mark, message });
      return message;
    });
  }

  async #readOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { reports, presence } = this.ports;
    const found = new Map(ids.map((id) => [id, ""]));
    const numbers = ids.map((id) => presence.get(id)?.lastReport ?? 0);
    const told = numbers.filter((number) => number > 0);
    const rows = told.length === 0 ? [] : [...(await reports.reportsAt(told))];
    const quiet = ids.filter((_, i) => numbers[i] === 0);
    const slice = new Slice();
    for (let begin = 0; begin < quiet.length; begin += quietPerRead) {
      rows.push(...(await reports.latestOf(quiet.slice(begin, begin + quietPerRead))));
      await slice.breathe();
    }
    for (const row of rows) if (row !== null) found.set(row.device, row.message);
    return found;
  }

  /** Changes when a device reports; null if another server hears it, so that this one is not told. */
  #markOf(entry: RosterEntry): string | null {
    const live = this.ports.presence.get(entry.id);
    if (live !== undefined) return `${live.row} ${live.lastReport}`;
    return presenceOf(entry) === "online" ? null : `${entry.session} gone`;
  }
}
