// Owns what a page of the device list reads of its devices, in bulk: their registrations and last reports, and how other
// servers of the store hear them. Decides nothing.

import type { Address } from "../../protocol/messages.ts";
import type { DeviceRow, ReportRow, SessionRow } from "../../server/rows.ts";
import type { WebPorts } from "../ports.ts";
import { Slice } from "../../fleet/slice.ts";
import { presenceOf, type RosterEntry } from "../../fleet/presence-of.ts";

/** How often last reports are read again. */
const renewalsMax = 3;
/** How many devices that have been silent, for how long ever, one read looks for. */
const quietPerRead = 10;

/** How a device that is logged in is heard. */
export type Heard = {
  /** The server that hears it; empty if there is one only. */
  readonly node: string;
  readonly sealed: boolean;
  readonly everySeconds: number | null;
  readonly source: Address;
};

export class DeviceReading {
  /** The registrations of the devices that are registered, by id. */
  readonly facts = new Map<string, DeviceRow>();
  /** The last reports of those that are logged in here, by id. */
  readonly #reports = new Map<string, ReportRow>();
  /** The numbers of these reports, also of those that were removed. */
  readonly #numbers = new Map<string, number>();
  /** The sessions of devices that are logged in at other servers, by id. */
  readonly #sessions = new Map<string, SessionRow>();
  /** The latest sessions of devices that are gone, by id. */
  readonly #ended = new Map<string, SessionRow>();
  /** The last reports of devices that have not reported here since their session began, or have none here, by id. */
  readonly #earlier = new Map<string, ReportRow>();

  constructor(
    private readonly ports: Pick<
      WebPorts,
      "devices" | "reports" | "presence" | "elsewhere" | "node"
    >,
  ) {}

  /** Reads some more devices. */
  async take(entries: readonly RosterEntry[]): Promise<void> {
    const ids = entries.map(({ id }) => id);
    const online = entries.filter((entry) => presenceOf(entry) === "online").map(({ id }) => id);
    const [facts] = await Promise.all([
      this.ports.devices.factsOf(ids),
      this.#readReports(ids),
      this.#readEarlier(ids),
      this.#readElsewhere(online),
      this.#readEnded(entries),
    ]);
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

  /** How a device is heard; null if nobody hears it. */
  heardOf(id: string): Heard | null {
    const live = this.ports.presence.get(id);
    const session = this.#sessions.get(id);
    if (live !== undefined) {
      const { sealed, everySeconds, source } = live;
      return { node: this.ports.node, sealed, everySeconds, source };
    }
    if (session === undefined) return null;
    const { node, clientKey, everySeconds, source } = session;
    return { node, sealed: clientKey !== null, everySeconds, source };
  }

  /** The last report of a device, or null. */
  reportOf(id: string): ReportRow | null {
    const own = this.#numberOf(id) === 0 ? undefined : this.#reports.get(id);
    return own ?? this.#earlier.get(id) ?? null;
  }

  /** The session of a device that another server hears, as that has written it down; null if there is none. */
  sessionOf(id: string): SessionRow | null {
    return this.#sessions.get(id) ?? null;
  }

  /** Where the last packet of a device came from; null if that is not known. */
  sourceOf(id: string): Address | null {
    return (this.heardOf(id) ?? this.#ended.get(id))?.source ?? null;
  }

  /** A device may have logged in meanwhile: then it is heard. */
  async #readEnded(entries: readonly RosterEntry[]): Promise<void> {
    const gone = entries.filter((entry) => presenceOf(entry) === "offline");
    if (gone.length === 0) return;
    const found = await this.ports.devices.sessionsOf(
      gone.map(({ id }) => id),
      1,
    );
    for (const [i, { id }] of gone.entries()) {
      const row = found[i]?.[0];
      if (row !== undefined) this.#ended.set(id, row);
    }
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

  async #readElsewhere(online: readonly string[]): Promise<void> {
    const { elsewhere, presence } = this.ports;
    if (elsewhere === null) return;
    const far = online.filter((id) => presence.get(id) === undefined);
    if (far.length === 0) return;
    for (const session of await elsewhere.openSessions(far))
      if (session !== null) this.#sessions.set(session.device, session);
  }

  /** Reads the last reports of those whose session here, if there is one, has not reported yet. */
  async #readEarlier(ids: readonly string[]): Promise<void> {
    const quiet = ids.filter((id) => this.#numberOf(id) === 0);
    const slice = new Slice();
    for (let begin = 0; begin < quiet.length; begin += quietPerRead) {
      const some = quiet.slice(begin, begin + quietPerRead);
      const reports = await this.ports.reports.latestOf(some);
      for (const report of reports) if (report !== null) this.#earlier.set(report.device, report);
      await slice.breathe();
    }
  }

  /** The number of the last report of a device that is logged in here; 0 without one. */
  #numberOf(id: string): number {
    return this.ports.presence.get(id)?.lastReport ?? 0;
  }
}
