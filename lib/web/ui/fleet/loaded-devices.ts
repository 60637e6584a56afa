// The rows of the device list that were loaded so far, kept up to date by live events. Searching and sorting is done by
// the server. Renders nothing.

import type { DeviceJson, DevicesJson, LiveEvents } from "../../api/shapes.ts";
import { messageCharsMax } from "../../api/words.ts";
import { addressOf, get, isGivenUp, Problem, wordsOf } from "../api.ts";
import { labelsOf } from "../labels/device-labels.ts";
import { isAskedEarly, noteFirstDevices } from "../early-answers.ts";
import { isSelector } from "./filter-text.ts";
import type { Columns } from "./fleet-columns.ts";
import { askedFor, type FleetQuery } from "./fleet-query.ts";
import { SingleReads } from "./single-reads.ts";
import { type Paced, atMostEvery } from "../pace.ts";

const firstPage = 100;
const largestPage = 1_000;
/** The list is reloaded at most this often when devices are added, removed, or enter or leave the filter. */
const renewMs = 3_000;
/** Half of what a part of the strip of a device stands for. */
const availabilityMs = 900_000;
/** So many events are taken again after the list has come. */
const missedMax = 1_000;

export class LoadedDevices {
  readonly rows: DeviceJson[] = [];
  /** How many devices match the query, loaded or not. */
  total = 0;
  /** Whether the server has answered the current query. */
  isLoaded = false;
  /** The message of the last failed request, or null. */
  trouble: string | null = null;
  /** What the server says of a text that it refused as a filter; null if it did not. The rows are those of before, then. */
  refusal: string | null = null;
  /** Whether a device that is loaded has a label besides its name. */
  isLabelled = false;
  /** The last query that the server has answered. */
  #answered: FleetQuery;
  readonly #places = new Map<string, number>();
  readonly #singles = new SingleReads(
    (device) => this.#change(device.id, ({ availability }) => ({ ...device, availability })),
    () => this.onChange(),
  );
  readonly #renew: Paced;
  #next: string | null = null;
  #loading: AbortController | null = null;
  #early: Promise<void> | null = null;
  #missed: (() => void)[] = [];
  #registered = -1;
  #hasAvailability = false;
  #hasFields = false;
  /** When the rows were last loaded, ms of this page. */
  #loadedAt = 0;

  /** @param onChange called after every change */
  constructor(
    private query: FleetQuery,
    private readonly onChange: () => void,
  ) {
    this.#answered = { ...query, text: "" };
    this.#renew = atMostEvery(renewMs, () => void this.load());
  }

  /** The ids of the rows that are loaded, in their order. */
  get ids(): readonly string[] {
    return this.rows.map(({ id }) => id);
  }

  /** What the rows are filtered by. */
  get text(): string {
    return this.#answered.text;
  }

  /** The selector that means all of the list; null if it is filtered otherwise, or not at all. */
  get selector(): string | null {
    const { text, presence, unheard, alerts } = this.#answered;
    const isOnly = presence === "" && unheard === "" && alerts === "";
    return isOnly && isSelector(text) ? text : null;
  }

  /** Changes search, filter or order. The old rows stay until the answer is here. */
  ask(query: FleetQuery): void {
    this.query = query;
    this.isLoaded = false;
    this.refusal = null;
    void this.load(firstPage);
  }

  /** Takes the answer to what was asked for before this script was here. The list is loaded again when the stream begins. */
  async loadEarly(): Promise<void> {
    const address = addressOf("/devices", this.#given(firstPage, null));
    noteFirstDevices(address);
    if (!isAskedEarly(address)) return;
    this.#early = this.load(firstPage);
    await this.#early;
    this.#early = null;
  }

  /** Loads the list again, as many rows as there are now, and replaces them all at once. */
  async load(wanted = Math.max(firstPage, this.rows.length)): Promise<void> {
    // What is nearly here is not given up to be asked for again.
    if (this.#early !== null) await this.#early;
    await this.#during(async (signal) => {
      const rows: DeviceJson[] = [];
      let page: DevicesJson | null = null;
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
      this.isLabelled = false;
      this.#answered = this.query;
      this.#append(rows, page);
    });
  }

  /** Makes sure that the row at an index is loaded. */
  need(place: number): void {
    if (place < this.rows.length || this.#next === null || this.#loading !== null) return;
    const missing = place - this.rows.length + firstPage;
    void this.#during(async (signal) => {
      const limit = Math.min(largestPage, Math.max(firstPage * 2, missing));
      const page = await this.#page(limit, this.#next, signal);
      this.#append(page.devices, page);
    });
  }

  takeChanges(event: LiveEvents["devices"]): void {
    this.#takeAgain(() => this.takeChanges(event));
    const { changes, removed } = event;
    const { presence, text, unheard } = this.query;
    let isStale = removed.length > 0 || presence !== "" || text !== "" || unheard !== "";
    for (const change of changes) {
      const isKnown = this.#change(change.id, ({ transport }) => ({
        ...change,
        // One that is gone is heard no more, neither in clear nor encrypted.
        transport: change.presence === "online" ? transport : null,
      }));
      if (!isKnown) {
        isStale ||= this.#next === null;
        continue;
      }
      this.isLabelled ||= hasLabels(change);
      if (change.presence === "online") this.#singles.noteOnline(change.id);
    }
    // While the list is on its way it is not asked for again: this event is taken then.
    if (isStale && this.#loading === null) this.#renew();
    this.#singles.start();
    this.onChange();
  }

  takeReports(event: LiveEvents["reports"]): void {
    this.#takeAgain(() => this.takeReports(event));
    let isSeen = false;
    for (const report of event.reports) {
      const place = this.#places.get(report.device);
      const row = place === undefined ? undefined : this.rows[place];
      if (place === undefined || row === undefined) continue;
      // The row may have been loaded after the event's reports were read.
      if ((row.lastReport?.sequence ?? 0) > report.sequence) continue;
      // What was cut has other fields, or a number that is not whole.
      const isCut = this.#hasFields && report.message.length >= messageCharsMax;
      if (isCut) this.#singles.noteCut(report.device);
      const lastReport = isCut ? row.lastReport : report;
      this.rows[place] = { ...row, lastReport, lastSeen: report.received };
      isSeen = true;
    }
    this.#singles.start();
    if (isSeen) this.onChange();
  }

  takeAlerts(event: LiveEvents["alerts"]): void {
    this.#takeAgain(() => this.takeAlerts(event));
    const { changes } = event;
    for (const { id, alerts } of changes) this.#change(id, () => ({ alerts }));
    // Some come into the list, others leave it.
    const isStale = ({ id, alerts }: (typeof changes)[number]) =>
      this.#places.has(id) === (alerts === null);
    if (this.query.alerts !== "" && changes.some(isStale)) this.#renew();
    this.onChange();
  }

  takeSeen({ seen }: LiveEvents["seen"]): void {
    for (const [id, ms] of seen) {
      const isKnown = this.#change(id, () => ({ lastSeen: new Date(ms).toISOString() }));
      // It is not among those that were not heard any more.
      if (isKnown && this.query.unheard !== "") this.#renew();
    }
    this.onChange();
  }

  /** Takes the number of registered devices. If it changed, the list changed too and is reloaded. */
  takeCount(registered: number): void {
    if (this.#registered !== -1 && this.#registered !== registered) this.#renew();
    this.#registered = registered;
    const age = performance.now() - this.#loadedAt;
    if (this.#hasAvailability && this.isLoaded && age > availabilityMs) this.#renew();
  }

  /** The columns are these; what the rows lack for them is loaded. */
  showColumns({ shown, fields }: Columns): void {
    const [hadAvailability, hadFields] = [this.#hasAvailability, this.#hasFields];
    this.#hasAvailability = shown.includes("availability");
    this.#hasFields = fields.length > 0;
    const isMore = this.#hasAvailability > hadAvailability || this.#hasFields > hadFields;
    if (isMore && this.isLoaded) void this.load();
  }

  close(): void {
    this.#loading?.abort();
    this.#renew.stop();
    this.#singles.stop();
  }

  /** Changes a row; returns whether it is loaded. */
  #change(id: string, change: (row: DeviceJson) => Partial<DeviceJson>): boolean {
    const place = this.#places.get(id);
    const row = place === undefined ? undefined : this.rows[place];
    if (place === undefined || row === undefined) return false;
    this.rows[place] = { ...row, ...change(row) };
    return true;
  }

  /** An event that comes while the list is on its way is taken once more then: the list may be older. */
  #takeAgain(take: () => void): void {
    if (this.#loading !== null && this.#missed.length < missedMax) this.#missed.push(take);
  }

  #append(rows: readonly DeviceJson[], { total, next }: DevicesJson): void {
    for (const row of rows) {
      if (this.#places.has(row.id)) continue;
      this.#places.set(row.id, this.rows.length);
      this.rows.push(row);
      this.isLabelled ||= hasLabels(row);
    }
    this.total = Math.max(total, this.rows.length);
    this.#next = next;
    this.isLoaded = true;
    this.#loadedAt = performance.now();
    this.trouble = null;
  }

  #page(limit: number, cursor: string | null, signal: AbortSignal): Promise<DevicesJson> {
    return get("/devices", this.#given(limit, cursor), signal);
  }

  #given(limit: number, cursor: string | null) {
    const availability = this.#hasAvailability ? "24h" : "";
    return { ...askedFor(this.query), availability, limit, cursor } as const;
  }

  /** Runs one request at a time: a new one aborts the previous one. */
  async #during(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#loading?.abort();
    const own = new AbortController();
    this.#loading = own;
    this.#missed = [];
    try {
      await work(own.signal);
    } catch (error) {
      if (isGivenUp(error)) return;
      const isRefused = error instanceof Problem && error.code === "bad-parameter";
      if (isRefused && this.query.text !== "") return this.#refuse(error);
      this.trouble = wordsOf(error);
    } finally {
      if (this.#loading === own) this.#loading = null;
    }
    for (const take of this.#missed.splice(0)) take();
    this.onChange();
  }

  /** Goes on with the query of before: a selector is wrong most of the time while it is written. */
  #refuse({ message }: Problem): void {
    this.refusal = message;
    this.query = this.#answered;
    this.isLoaded = this.rows.length > 0;
    if (this.isLoaded) this.onChange();
    else void this.load();
  }
}

function hasLabels({ labels }: Pick<DeviceJson, "labels">): boolean {
  return labelsOf(labels).length > 0;
}
