// The list of devices as lines of CSV, with a column for each label and each field of the last reports. Goes through the list twice,
// because a column is in the first line: it holds no more than a page of devices.

import type { RosterPlace } from "../../fleet/roster-page.ts";
import { numbersIn } from "../../fleet/numbers-in-messages.ts";
import { statesIn } from "../../fleet/states-in-messages.ts";
import { csvRow } from "../../csv.ts";
import type { DeviceJson } from "../api/shapes.ts";
import type { TextSource } from "./text-stream.ts";

/** How many labels, and how many fields, get a column; those that are met first. */
const ownColumnsMax = 200;
const devicesPerPage = 500;

/** A page of the list: the devices behind a place. */
export type ListPage = (
  after: RosterPlace | null,
  limit: number,
) => Promise<{ readonly devices: readonly DeviceJson[]; readonly next: RosterPlace | null }>;

const columns: Readonly<Record<string, (device: DeviceJson) => string | number | null>> = {
  id: ({ id }) => id,
  name: ({ labels }) => labels["name"] ?? "",
  area: ({ labels }) => labels["area"] ?? "",
  presence: ({ presence }) => presence,
  reason: ({ reason }) => reason,
  since: ({ since }) => since,
  lastSeen: ({ lastSeen }) => lastSeen,
  sourceIp: ({ source }) => source?.ip ?? null,
  sourcePort: ({ source }) => source?.port ?? null,
  transport: ({ transport }) => transport,
  node: ({ node }) => node,
  mac: ({ mac }) => mac,
  ip: ({ ip }) => ip,
  port: ({ port }) => port,
  registered: ({ registered }) => registered,
  everySeconds: ({ everySeconds }) => everySeconds,
  reportAt: ({ lastReport }) => lastReport?.at ?? null,
  message: ({ lastReport }) => lastReport?.message ?? null,
};
const ownLabels = new Set(["name", "area"]);

export class DeviceLines implements TextSource {
  readonly #labels = new Set<string>();
  readonly #fields = new Set<string>();
  #phase: "columns" | "rows" | "done" = "columns";
  #after: RosterPlace | null;
  #left: number;
  /** What the first page gave. */
  #first = "";

  constructor(
    private readonly page: ListPage,
    /** Where to begin, and how many devices at most. */
    private readonly part: { readonly cursor: RosterPlace | null; readonly limit: number },
  ) {
    this.#after = part.cursor;
    this.#left = part.limit;
  }

  get done(): boolean {
    return this.#phase === "done";
  }

  /**
   * Reads the first page, so that what is asked for wrongly is refused before an answer begins.
   * @throws Problem
   */
  async begin(): Promise<void> {
    this.#first = await this.#step();
  }

  async next(): Promise<string> {
    const first = this.#first;
    this.#first = "";
    return first === "" ? this.#step() : first;
  }

  async #step(): Promise<string> {
    const { devices, next } = await this.page(this.#after, Math.min(this.#left, devicesPerPage));
    this.#after = next;
    this.#left -= devices.length;
    const isEnd = next === null || this.#left <= 0;
    if (this.#phase === "rows") {
      if (isEnd) this.#phase = "done";
      return devices.map((device) => this.#row(device)).join("");
    }
    for (const device of devices) this.#learn(device);
    if (!isEnd) return "";
    [this.#phase, this.#after, this.#left] = ["rows", this.part.cursor, this.part.limit];
    return csvRow([
      ...Object.keys(columns),
      ...Array.from(this.#labels, (key) => `label.${key}`),
      ...Array.from(this.#fields, (name) => `field.${name}`),
    ]);
  }

  #learn({ labels, lastReport }: DeviceJson): void {
    for (const key of Object.keys(labels)) {
      if (!ownLabels.has(key) && this.#labels.size < ownColumnsMax) this.#labels.add(key);
    }
    for (const name of fieldsIn(lastReport).keys()) {
      if (this.#fields.size < ownColumnsMax) this.#fields.add(name);
    }
  }

  #row(device: DeviceJson): string {
    const fields = fieldsIn(device.lastReport);
    const own = Object.values(columns).map((valueOf) => valueOf(device) ?? "");
    const labels = Array.from(this.#labels, (key) => device.labels[key] ?? "");
    const values = Array.from(this.#fields, (name) => fields.get(name) ?? "");
    return csvRow([...own, ...labels, ...values].map(String));
  }
}

/** The fields of a report: numbers and states by their names. */
function fieldsIn(report: DeviceJson["lastReport"]): ReadonlyMap<string, number | string> {
  if (report === null) return new Map();
  return new Map<string, number | string>([
    ...statesIn(report.message),
    ...numbersIn(report.message),
  ]);
}
