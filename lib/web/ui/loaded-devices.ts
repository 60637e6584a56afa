// The devices of a list as far as they were looked at, kept true by live events. The server searches and sorts; here is
// only what was loaded. Shows nothing.

import { devicePath, get, isGivenUp, Problem, wordsOf } from "./api.ts";
import { type Paced, atMostEvery } from "./pace.ts";
import type { Device, LiveEvents, Presence } from "./shapes.ts";

export type Sort = "id" | "-id" | "lastSeen" | "-lastSeen";

export type FleetQuery = {
  readonly q: string;
  readonly presence: Presence | "";
  readonly sort: Sort;
};

type DevicePageOf = {
  readonly devices: Device[];
  readonly total: number;
  readonly next: string | null;
};

const firstPage = 100;
const largestPage = 1_000;
/** A list that others change is loaded again at most so often. */
const renewMs = 3_000;
/** Devices that came online and are read one by one: their transport is in no event. */
const singlesMax = 20;

export class LoadedDevices {
  readonly rows: Device[] = [];
  /** How many fit the query, loaded or not. */
  total = 0;
  /** Whether a first answer came for this query. */
  isLoaded = false;
  /** What went wrong last, or null. */
  trouble: string | null = null;
  readonly #places = new Map<string, number>();
  readonly #singles = new Set<string>();
  readonly #renew: Paced;
  readonly #readSingles: Paced;
  #next: string | null = null;
  #loading: AbortController | null = null;
  #registered = -1;

  /** @param onChange told after every change */
  constructor(
    private query: FleetQuery,
    private readonly onChange: () => void,
  ) {
    this.#renew = atMostEvery(renewMs, () => void this.load());
    this.#readSingles = atMostEvery(1_000, () => void this.#loadSingles());
  }

  /** Another search, filter or order: what is there goes when the answer comes. */
  ask(query: FleetQuery): void {
    this.query = query;
    this.isLoaded = false;
    void this.load(firstPage);
  }

  /** Loads what is there anew, in one piece. */
  async load(wanted = Math.max(firstPage, this.rows.length)): Promise<void> {
    await this.#during(async (signal) => {
      const rows: Device[] = [];
      let page: DevicePageOf | null = null;
      do {
        page = await this.#page(
          Math.min(largestPage, wanted - rows.length),
          page?.next ?? null,
          signal,
        );
        rows.push(...page.devices);
      } while (page.next !== null && rows.length < wanted);
      this.rows.length = 0;
      this.#places.clear();
      this.#append(rows, page);
    });
  }

  /** Sees to it that the row of a place is loaded. */
  need(place: number): void {
    if (place < this.rows.length || this.#next === null || this.#loading !== null) return;
    const missing = place - this.rows.length + firstPage;
    void this.#during(async (signal) => {
      const limit = Math.min(largestPage, Math.max(firstPage * 2, missing));
      const page = await this.#page(limit, this.#next, signal);
      this.#append(page.devices, page);
    });
  }

  takeChanges({ changes, removed }: LiveEvents["devices"]): void {
    let isOther = removed.length > 0 || this.query.presence !== "";
    for (const change of changes) {
      const place = this.#places.get(change.id);
      const row = place === undefined ? undefined : this.rows[place];
      if (place === undefined || row === undefined) {
        isOther ||= this.#next === null;
        continue;
      }
      this.rows[place] = { ...row, ...change };
      if (change.presence === "online" && this.#singles.size < singlesMax) {
        this.#singles.add(change.id);
      }
    }
    if (isOther) this.#renew();
    if (this.#singles.size > 0) this.#readSingles();
    this.onChange();
  }

  takeReports({ reports }: LiveEvents["reports"]): void {
    let isSeen = false;
    for (const report of reports) {
      const place = this.#places.get(report.device);
      const row = place === undefined ? undefined : this.rows[place];
      if (place === undefined || row === undefined) continue;
      this.rows[place] = {
        ...row,
        lastReport: report,
        lastSeen: later(row.lastSeen, report.received),
      };
      isSeen = true;
    }
    if (isSeen) this.onChange();
  }

  takeSeen({ seen }: LiveEvents["seen"]): void {
    for (const [id, ms] of seen) {
      const place = this.#places.get(id);
      const row = place === undefined ? undefined : this.rows[place];
      if (place !== undefined && row !== undefined) {
        this.rows[place] = { ...row, lastSeen: new Date(ms).toISOString() };
      }
    }
    this.onChange();
  }

  /** Takes how many are registered: another number than before means another list. */
  takeCount(registered: number): void {
    if (this.#registered !== -1 && this.#registered !== registered) this.#renew();
    this.#registered = registered;
  }

  close(): void {
    this.#loading?.abort();
    this.#renew.stop();
    this.#readSingles.stop();
  }

  #append(rows: readonly Device[], { total, next }: DevicePageOf): void {
    for (const row of rows) {
      if (this.#places.has(row.id)) continue;
      this.#places.set(row.id, this.rows.length);
      this.rows.push(row);
    }
    this.total = Math.max(total, this.rows.length);
    this.#next = next;
    this.isLoaded = true;
    this.trouble = null;
  }

  #page(limit: number, cursor: string | null, signal: AbortSignal): Promise<DevicePageOf> {
    return get<DevicePageOf>("/devices", { ...this.query, limit, cursor }, signal);
  }

  /** One request at a time: a new one ends the one before. */
  async #during(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#loading?.abort();
    const own = new AbortController();
    this.#loading = own;
    try {
      await work(own.signal);
    } catch (error) {
      if (isGivenUp(error)) return;
      this.trouble = wordsOf(error);
    } finally {
      if (this.#loading === own) this.#loading = null;
    }
    this.onChange();
  }

  async #loadSingles(): Promise<void> {
    const ids = [...this.#singles];
    this.#singles.clear();
    const found = await Promise.all(
      ids.map((id) =>
        get<Device>(devicePath(id)).catch((error: unknown) => {
          if (error instanceof Problem) return null;
          throw error;
        }),
      ),
    );
    for (const device of found) {
      const place = device === null ? undefined : this.#places.get(device.id);
      if (place !== undefined && device !== null) this.rows[place] = device;
    }
    this.onChange();
  }
}

function later(one: string | null, other: string): string {
  return one !== null && one > other ? one : other;
}
