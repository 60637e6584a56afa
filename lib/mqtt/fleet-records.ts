// What the bridge remembers of all devices: read from the store a few at a time when first needed, then kept up to date by the
// reports. Publishes nothing.

import type { Report, ReportRow } from "../server/rows.ts";
import type { DeviceReads, ReportReads } from "../server/store-reads.ts";
import { BridgedDevice } from "./bridged-device.ts";
import type { SeenField } from "./discovery.ts";

/** What the records are read from. */
export type RecordReads = Pick<DeviceReads, "factsOf"> & Pick<ReportReads, "latestOf">;

/** How many devices are read one after the other, and how many one read of the store asks for: some cost milliseconds. */
const readMax = 128;
const atOnce = 16;
/** The pause after a read that failed, ms. */
const failedPauseMs = 1_000;

export class FleetRecords {
  readonly #byId = new Map<string, BridgedDevice>();
  /** Devices to be read, or to be read again. */
  readonly #unread = new Set<string>();
  /** Fields that were told before the server started, of devices that are not read yet. */
  readonly #recalled = new Map<string, readonly Omit<SeenField, "isGone">[]>();
  #isReading = false;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Counts how often all was forgotten: a read that began before counts for nothing. */
  #generation = 0;

  /** @param onRead called with each device that was read, and whether it is registered */
  constructor(
    private readonly reads: RecordReads,
    private readonly uptimeMs: () => number,
    /** Lets devices be served between two reads. */
    private readonly breathe: () => Promise<void>,
    private readonly onRead: (id: string, isRegistered: boolean) => void,
  ) {}

  /** A device; undefined if it is not read yet, or not registered. */
  get(id: string): BridgedDevice | undefined {
    return this.#byId.get(id);
  }

  get isReading(): boolean {
    return this.#isReading;
  }

  /** Wants a device to be read, or to be read again. */
  want(id: string): void {
    this.#unread.add(id);
  }

  /** Notes a report. @returns the device if it is read and the report is its newest */
  note(sequence: number, report: Report): BridgedDevice | undefined {
    const id = report.device;
    const device = this.#byId.get(id);
    if (device === undefined) this.#unread.add(id);
    else if (device.note(sequence, report)) return device;
    return undefined;
  }

  /** Notes the fields that were told of a device. */
  recall(id: string, fields: readonly Omit<SeenField, "isGone">[]): void {
    const device = this.#byId.get(id);
    if (device !== undefined) device.recall(fields, this.uptimeMs());
    else this.#recalled.set(id, fields);
  }

  /** Forgets a device that is not registered any more. */
  forget(id: string): void {
    this.#byId.delete(id);
    this.#unread.delete(id);
    this.#recalled.delete(id);
  }

  /** Forgets all: others may tell of them now. */
  forgetAll(): void {
    this.#generation++;
    this.#byId.clear();
    this.#unread.clear();
    this.#recalled.clear();
  }

  /** Everything is to be told again. */
  forgetTold(): void {
    for (const device of this.#byId.values()) {
      device.toldConfig = "";
      device.toldDevice = "";
    }
  }

  /** Reads some devices if there are any to read. Call it often. */
  tick(): void {
    if (this.#isReading || this.#unread.size === 0 || this.uptimeMs() < this.#notBefore) return;
    const ids = Array.from(this.#unread.values().take(readMax));
    for (const id of ids) this.#unread.delete(id);
    this.#isReading = true;
    void this.#read(ids).finally(() => (this.#isReading = false));
  }

  async #read(ids: readonly string[]): Promise<void> {
    const generation = this.#generation;
    for (let from = 0; from < ids.length; from += atOnce) {
      const some = ids.slice(from, from + atOnce);
      try {
        const facts = await this.reads.factsOf(some);
        const latest = await this.reads.latestOf(some);
        await this.breathe();
        if (generation !== this.#generation) return;
        for (const [i, id] of some.entries()) {
          const row = facts[i];
          if (row) this.#put(id, row, latest[i] ?? null);
          this.onRead(id, row !== null && row !== undefined);
        }
      } catch {
        // The store is away, of which others tell.
        if (generation !== this.#generation) return;
        for (const id of ids.slice(from)) this.#unread.add(id);
        this.#notBefore = this.uptimeMs() + failedPauseMs;
        return;
      }
    }
  }

  #put(id: string, row: { mac: string; registered: number }, latest: ReportRow | null): void {
    const known = this.#byId.get(id);
    const device = known ?? new BridgedDevice(id, row.mac, row.registered);
    device.mac = row.mac;
    device.registered = row.registered;
    if (latest !== null) device.note(latest.sequence, latest);
    const recalled = this.#recalled.get(id);
    if (recalled !== undefined) device.recall(recalled, this.uptimeMs());
    this.#recalled.delete(id);
    this.#byId.set(id, device);
  }
}
