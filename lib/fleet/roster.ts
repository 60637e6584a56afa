// Owns the list of all devices in memory, with their presence as it is on the disk: loaded in short steps when first
// needed, then updated with each committed batch. Lists and counts come from here, so that none of them scans a table.
// Never writes to the database.

import type { Fact } from "../server/feed.ts";
import { areSame, noLabels } from "../server/labels.ts";
import type { RosterRow } from "../server/rows.ts";
import type { Selectable } from "../server/selector.ts";
import type { DeviceReads } from "../server/store-reads.ts";
import type { PresenceSource } from "./live-session.ts";
import { noteFact } from "./noted-facts.ts";
import {
  isSilent,
  presenceOf,
  type RosterCounts,
  type RosterEntry,
  selectableOf,
} from "./presence-of.ts";
import {
  pageOf,
  passes,
  type RosterFilter,
  type RosterPage,
  type RosterQuery,
} from "./roster-page.ts";
import { Slice } from "./slice.ts";

/** How many rows one step reads. */
const rowsPerStep = 1_000;
/** A report may come before what is written down later of packets before it, ms. */
const lagMs = 60_000;
const unfiltered: RosterFilter = { presence: null, select: null, unheard: null };

export class Roster {
  readonly #byId = new Map<string, RosterEntry>();
  /** Number of each open session → id of its device. */
  readonly #open = new Map<number, string>();
  #never = 0;
  /** Of those that are offline, how many fell silent. */
  #silent = 0;
  #ready: Promise<void> | null = null;
  /** What became of devices since the read under way began: its last state and what ended it; null while none is under way. */
  #meanwhile: Map<string, Fact[]> | null = null;
  #closed = false;

  readonly #listeners = new Set<(id: string) => void>();

  constructor(
    private readonly devices: Pick<DeviceReads, "roster">,
    private readonly presence: Pick<PresenceSource, "get">,
  ) {}

  /**
   * Calls `onChange` when a device was registered, was deregistered, or changed its presence or its labels.
   * @returns ends that
   */
  listen(onChange: (id: string) => void): () => void {
    // A function of its own, so that two listeners with the same one are two.
    const listener = (id: string) => onChange(id);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Loads the devices once; resolves when all are loaded. Nothing is loaded before the first call, because a million
   * devices take 100 MB. After a read that failed, the next call begins anew.
   */
  load(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#clear();
      throw error;
    });
    return this.#ready;
  }

  /** Stops loading: the database will be closed after this. */
  close(): void {
    this.#closed = true;
  }

  get counts(): RosterCounts {
    const registered = this.#byId.size;
    const online = this.#open.size;
    const never = this.#never;
    return {
      registered,
      online,
      offline: registered - online - never,
      never,
      silent: this.#silent,
    };
  }

  get(id: string): RosterEntry | undefined {
    return this.#byId.get(id);
  }

  /**
   * Whether a device that was found is registered as it was then, and passes a filter: others may have deregistered it
   * meanwhile, or changed that.
   */
  has(entry: RosterEntry, filter: RosterFilter = unfiltered): boolean {
    const isThere = this.#byId.get(entry.id) === entry;
    return isThere && passes(entry, filter, (one) => this.lastSeen(one));
  }

  /** Applies what was committed. */
  take(facts: readonly Fact[]): void {
    if (this.#ready === null) return;
    for (const fact of facts) {
      this.#apply(fact);
      if (this.#meanwhile !== null) noteFact(this.#meanwhile, fact);
    }
  }

  /** All devices that are loaded, as selectors see them. */
  *selectables(): Generator<Selectable> {
    for (const entry of this.#byId.values()) yield selectableOf(entry);
  }

  /** The ids of all devices. */
  async ids(): Promise<Iterable<string>> {
    await this.load();
    return this.#byId.keys();
  }

  /** A page of the matching devices. */
  async page(query: RosterQuery): Promise<RosterPage> {
    await this.load();
    return pageOf(this.#byId.values(), query, (entry) => this.lastSeen(entry));
  }

  /** When its last packet came, ms since 1970; null if it has not logged in since it registered. */
  lastSeen(entry: RosterEntry): number | null {
    if (entry.session === 0) return null;
    const live = entry.ended === null ? this.presence.get(entry.id) : undefined;
    return live?.lastSeen ?? entry.lastSeen;
  }

  /**
   * Another server has heard a device.
   * @param session the number of its session; null if that is not known
   * @param lastSeen ms since 1970
   * @param isNews whether it was written after what is known: if it is much earlier, its clock was set back
   * @returns whether it was not known yet
   */
  hear(id: string, session: number | null, lastSeen: number, isNews = false): boolean {
    const entry = this.#byId.get(id);
    if (entry === undefined || presenceOf(entry) !== "online") return false;
    if (session !== null && entry.session !== session) return false;
    const isSetBack = isNews && entry.lastSeen - lastSeen > lagMs;
    if (entry.lastSeen >= lastSeen && !isSetBack) return false;
    entry.lastSeen = lastSeen;
    return true;
  }

  async #load(): Promise<void> {
    const slice = new Slice();
    for (let after: string | null = ""; after !== null && !this.#closed;) {
      after = await this.#loadAfter(after);
      await slice.breathe();
    }
  }

  /** Reads a step of rows again when all are loaded; returns as `#loadAfter`. What others have deregistered stays. */
  async renewAfter(after: string): Promise<string | null> {
    await this.load();
    return this.#loadAfter(after, (row) => {
      const known = this.#byId.get(row.id);
      if (known?.session === row.session && known.ended === row.ended) return;
      this.#put(row);
      this.#tell(row.id);
    });
  }

  /** Loads a step of rows; returns the id of the last one, or null if there are no more. */
  async #loadAfter(
    after: string,
    take = (row: RosterRow) => this.#put(row),
  ): Promise<string | null> {
    const meanwhile = new Map<string, Fact[]>();
    this.#meanwhile = meanwhile;
    const rows = await this.devices.roster(after, rowsPerStep);
    this.#meanwhile = null;
    for (const row of rows) take(row);
    // The rows may be from before these facts. Those that they have already change nothing: a device ends as the last says.
    for (const facts of meanwhile.values()) for (const fact of facts) this.#apply(fact);
    return rows.at(-1)?.id ?? null;
  }

  #tell(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }

  #clear(): void {
    this.#byId.clear();
    this.#open.clear();
    this.#never = 0;
    this.#silent = 0;
    this.#meanwhile = null;
    this.#ready = null;
  }

  #apply(fact: Fact): void {
    switch (fact.kind) {
      case "registered":
        this.#put(neverSeen(fact.id));
        return this.#tell(fact.id);
      case "removed":
        return this.#remove(fact.id);
      case "logged-in": {
        const { id, session, at } = fact;
        this.#put({ id, session, started: at, lastSeen: at, ended: null, reason: null });
        return this.#tell(id);
      }
      case "moved":
        return this.#moved(fact);
      case "changed":
        return this.#changed(fact);
      case "ended":
        return this.#end(fact);
      case "labelled": {
        const entry = this.#byId.get(fact.id);
        if (entry === undefined || areSame(entry.labels, fact.labels)) return;
        entry.labels = fact.labels;
        return this.#tell(fact.id);
      }
      case "updated":
      case "reported":
      case "pending":
      case "window":
      case "answered":
      case "commanded":
      case "commands":
    }
  }

  /** A session goes on at this node: mostly one that is known. */
  #moved({ id, session, at }: Extract<Fact, { kind: "moved" }>): void {
    if (this.#open.get(session) !== id) {
      this.#put({ id, session, started: at, lastSeen: at, ended: null, reason: null });
    }
    this.#tell(id);
  }

  /** A device is as another node has left it. */
  #changed({ id, row }: Extract<Fact, { kind: "changed" }>): void {
    if (row === null) return this.#remove(id);
    const { labels, session, started, lastSeen, ended, reason } = row;
    this.#put({ id, labels, session, started, lastSeen, ended, reason });
    this.#tell(id);
  }

  #end({ id, session, reason, lastSeen, at }: Extract<Fact, { kind: "ended" }>): void {
    const entry = this.#open.get(session) === id ? this.#byId.get(id) : undefined;
    if (entry === undefined) return;
    this.#open.delete(session);
    entry.lastSeen = lastSeen;
    entry.ended = at;
    entry.reason = reason;
    if (isSilent(entry)) this.#silent++;
    this.#tell(id);
  }

  /**
   * Adds a device, or changes it in its place: who goes through all devices must not meet it twice. Without labels in the row
   * it keeps those that it has.
   */
  #put(row: Omit<RosterRow, "labels"> & Partial<Pick<RosterRow, "labels">>): void {
    const known = this.#byId.get(row.id);
    if (known !== undefined) this.#discount(known);
    const entry = known === undefined ? { labels: noLabels, ...row } : Object.assign(known, row);
    if (known === undefined) this.#byId.set(row.id, entry);
    if (entry.session === 0) this.#never++;
    else if (entry.ended === null) this.#open.set(entry.session, entry.id);
    else if (isSilent(entry)) this.#silent++;
  }

  #remove(id: string): void {
    this.#forget(id);
    this.#tell(id);
  }

  #forget(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#byId.delete(id);
    this.#discount(entry);
  }

  #discount(entry: RosterEntry): void {
    this.#open.delete(entry.session);
    if (entry.session === 0) this.#never--;
    else if (isSilent(entry)) this.#silent--;
  }
}

function neverSeen(id: string): RosterEntry {
  return { id, labels: noLabels, session: 0, started: 0, lastSeen: 0, ended: null, reason: null };
}
