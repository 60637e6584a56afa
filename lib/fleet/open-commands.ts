// Which commands are open, of each device, in memory: loaded when first needed, then kept up to date by the feed. Whoever listens
// hears of each change of a command, also of those that other servers of the store have made. Never changes a command.

import type { Fact } from "../server/feed.ts";
import type { CommandRow } from "../server/rows.ts";
import type { DeviceReads } from "../server/store-reads.ts";
import { Slice } from "./slice.ts";

/** How many commands one step reads. */
const rowsPerStep = 500;

export class OpenCommands {
  readonly #byDevice = new Map<string, Set<number>>();
  readonly #listeners = new Set<(command: CommandRow) => void>();
  #size = 0;
  #ready: Promise<void> | null = null;
  #isLoaded = false;
  /** Those that have ended since the load began: a row that was read may be from before. */
  readonly #ended = new Set<number>();
  /** What other servers have told of devices since then. */
  readonly #meanwhile = new Map<string, string>();
  /** Those of which another server says something else, to be looked at. */
  readonly #unsure = new Set<number>();
  #isLooking = false;
  /** Devices of which other servers have told since the look at a command began. */
  readonly #toldSince = new Set<string>();

  constructor(private readonly reads: Pick<DeviceReads, "commands" | "command">) {}

  /** How many are open in all; 0 before they are loaded. */
  get size(): number {
    return this.#size;
  }

  /** How many of a device are open. */
  of(device: string): number {
    return this.#byDevice.get(device)?.size ?? 0;
  }

  /**
   * Calls `onChange` with each command that was queued, sent for the first time, delivered or answered, or has ended. Of other
   * servers only that a command was queued and has ended, and only when the open ones are loaded.
   * @returns ends that
   */
  listen(onChange: (command: CommandRow) => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  /** Loads them once; after a read that failed, the next call begins anew. */
  load(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#forget();
      throw error;
    });
    return this.#ready;
  }

  /** A load has failed: of what was read, nobody notes any more what ends. */
  #forget(): void {
    this.#ready = null;
    this.#byDevice.clear();
    this.#size = 0;
    this.#ended.clear();
    this.#meanwhile.clear();
  }

  /** Applies what was committed. */
  take(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind === "commanded") {
        this.#unsure.delete(fact.command.number);
        this.#note(fact.command);
      } else if (fact.kind === "commands" && this.#ready !== null) {
        if (this.#isLoaded) this.#compare(fact.id, fact.numbers);
        else this.#meanwhile.set(fact.id, fact.numbers);
      }
    }
    if (this.#unsure.size > 0) void this.#look();
  }

  async #load(): Promise<void> {
    const slice = new Slice();
    for (let before = Number.MAX_SAFE_INTEGER; ;) {
      const query = { device: null, state: "open", before, limit: rowsPerStep } as const;
      const rows = await this.reads.commands(query);
      for (const { device, number } of rows) {
        if (!this.#ended.has(number)) this.#add(device, number);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < rowsPerStep) break;
      before = last.number;
      await slice.breathe();
    }
    this.#isLoaded = true;
    this.#ended.clear();
    for (const [id, numbers] of this.#meanwhile) this.#compare(id, numbers);
    this.#meanwhile.clear();
    void this.#look();
  }

  #note(command: CommandRow): void {
    const { device, number } = command;
    if (this.#ready !== null) {
      if (command.ended === null) this.#add(device, number);
      else this.#remove(device, number);
    }
    for (const listener of this.#listeners) listener(command);
  }

  #add(device: string, number: number): void {
    const own = this.#byDevice.get(device) ?? new Set();
    if (own.has(number)) return;
    this.#byDevice.set(device, own.add(number));
    this.#size++;
  }

  #remove(device: string, number: number): void {
    if (!this.#isLoaded) this.#ended.add(number);
    const own = this.#byDevice.get(device);
    if (own?.delete(number) !== true) return;
    this.#size--;
    if (own.size === 0) this.#byDevice.delete(device);
  }

  /** What another server says may be older than what is known here: those that differ are looked at. */
  #compare(device: string, numbers: string): void {
    if (this.#isLooking) this.#toldSince.add(device);
    const told = new Set(numbers === "" ? [] : numbers.split(",").map(Number));
    const known = this.#byDevice.get(device) ?? new Set<number>();
    for (const number of told.symmetricDifference(known)) this.#unsure.add(number);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      for (const number of this.#unsure) {
        this.#toldSince.clear();
        const row = await this.reads.command(number);
        // What a fact has told meanwhile is newer.
        if (!this.#unsure.delete(number) || row === null) continue;
        this.#note(row);
        // It may have ended since it was read.
        if (row.ended === null && this.#toldSince.has(row.device)) this.#unsure.add(number);
      }
    } catch {
      // The store is away: they are looked at with the next facts.
    } finally {
      this.#isLooking = false;
    }
  }
}
