// Owns what a page of the device list reads of its devices, in bulk: their registrations and last reports. Decides nothing.

import type { DeviceRow, ReportRow } from "../server/rows.ts";
import type { WebPorts } from "./ports.ts";

/** How often last reports are read again. */
const renewalsMax = 3;

export class DeviceReading {
  /** The registrations of the devices that are registered, by id. */
  readonly facts = new Map<string, DeviceRow>();
  /** The last reports of those that are logged in, by id. */
  readonly #reports = new Map<string, ReportRow>();
  /** The numbers of these reports, also of those that were removed. */
  readonly #numbers = new Map<string, number>();

  constructor(private readonly ports: Pick<WebPorts, "devices" | "reports" | "presence">) {}

  /** Reads some more devices. */
  async take(ids: readonly string[]): Promise<void> {
    const [facts] = await Promise.all([this.ports.devices.factsOf(ids), this.#readReports(ids)]);
    for (const row of facts) if (row !== null) this.facts.set(row.id, row);
  }

  /**
   * Reads again the last report of those that have reported meanwhile: a live event may have told it already, and nothing
   * will tell it a second time. One that reports during each of these reads will soon do so again.
   */
  async renew(): Promise<void> {
    for (let i = 0; i < renewalsMax; i++) {
      const isOld = (id: string) => this.#numberOf(id) !== this.#numbers.get(id);
      const ids = [...this.facts.keys()].filter(isOld);
      if (ids.length === 0) return;
      await this.#readReports(ids);
    }
  }

  /** The last report of a device that is logged in, or null. */
  reportOf(id: string): ReportRow | null {
    return this.#numberOf(id) === 0 ? null : (this.#reports.get(id) ?? null);
  }

  async #readReports(ids: readonly string[]): Promise<void> {
    const last = ids.map((id) => [id, this.#numberOf(id)] as const);
    for (const [id, number] of last) this.#numbers.set(id, number);
    const wanted = last.filter(([, number]) => number > 0);
    if (wanted.length === 0) return;
    const found = await this.ports.reports.reportsAt(wanted.map(([, number]) => number));
    for (const [i, [id]] of wanted.entries()) {
      const report = found[i] ?? null;
      if (report === null) this.#reports.delete(id);
      else this.#reports.set(id, report);
    }
  }

  /** The number of the last report of a device that is logged in; 0 without one. */
  #numberOf(id: string): number {
    return this.ports.presence.get(id)?.lastReport ?? 0;
  }
}
