// The spool in a file: reports survive the end of the process and of the power. What arrives together is committed
// together. If the file cannot be written, reports wait in memory until it can.

import type { Database, Statement } from "bun:sqlite";
import { statSync } from "node:fs";
import type { SpooledReport, Spool } from "../client/spool.ts";
import { PlaceRuns } from "./place-runs.ts";
import { closeSpoolDatabase, openSpoolDatabase } from "./spool-database.ts";

/**
 * How many delivered reports may still be in the file: after a loss of power they are sent again. Fewer than these, and those
 * of one packet, at most 44, are fewer than the device's 64 latest reports that every server compares with a repeat,
 * however long the device was silent.
 */
const settledMax = 8;

type Row = { readonly place: number; readonly msgid: string; readonly text: string };
type Entry = SpooledReport & { readonly place: number };

/** What a spool needs from its surroundings. */
export type SpoolPorts = {
  /** Runs a function after what has arrived has been taken. */
  soon(run: () => void): void;
  /** Runs a function in some seconds, if the process still runs then: what could not be written is tried again. */
  later(run: () => void): void;
  /** Tells a person. */
  notice(line: string): void;
};

export class SpoolFile implements Spool {
  dropped = 0;
  readonly #database: Database;
  readonly #inode: number | undefined;
  readonly #insert: Statement;
  readonly #remove: Statement;
  readonly #select: Statement<Row>;
  /** Places of the reports in the file that wait. */
  readonly #stored = new PlaceRuns();
  /** The highest place that was given. */
  #last = 0;
  /** Reports that are not committed yet. */
  #pending: Entry[] = [];
  /** Places of reports that are still in the file, but are delivered or dropped. */
  readonly #settled = new Set<number>();
  #taken: Entry[] = [];
  #commitIsDue = false;
  #inTrouble = false;
  #closed = false;

  /**
   * Opens the spool; see `openSpoolDatabase`.
   * @param device the id whose reports it keeps
   * @param reportsMax 2 or more
   */
  constructor(
    readonly path: string,
    device: string,
    readonly reportsMax: number,
    readonly ports: SpoolPorts,
  ) {
    const database = openSpoolDatabase(path, device, ports.notice);
    this.#database = database;
    this.#inode = inodeOf(path);
    this.#insert = database.query("INSERT INTO report VALUES (?, ?, ?)");
    this.#remove = database.query("DELETE FROM report WHERE place = ?");
    this.#select = database.query("SELECT * FROM report WHERE place = ?");
    const places = database.query<{ place: number }, []>("SELECT place FROM report ORDER BY place");
    for (const { place } of places.iterate()) {
      this.#stored.add(place);
      this.#last = place;
    }
  }

  get length(): number {
    return this.#stored.size + this.#pending.length;
  }

  push({ msgid, text }: SpooledReport): boolean {
    const full = this.length >= this.reportsMax && this.#dropOldest();
    this.#pending.push({ place: ++this.#last, msgid, text });
    this.#commitSoon();
    return full;
  }

  take(count: number): readonly SpooledReport[] {
    const entries = this.#read(this.#stored.after(0, count));
    this.#taken = [...entries, ...this.#pending.slice(0, count - entries.length)];
    return this.#taken;
  }

  settle(reports: readonly SpooledReport[]): void {
    for (const { msgid } of reports) {
      const entry = this.#taken.find((taken) => taken.msgid === msgid);
      if (entry !== undefined) this.#forget(entry.place);
    }
    this.#taken = this.#taken.filter(
      ({ msgid }) => !reports.some((other) => other.msgid === msgid),
    );
    if (this.#settled.size < settledMax) return;
    if (this.#inTrouble) this.#commitSoon();
    else this.#commit();
  }

  putBack(): void {
    this.#taken = [];
  }

  keep(): number {
    this.#commit();
    return inodeOf(this.path) === this.#inode ? this.#stored.size : 0;
  }

  /** Writes what can be written, and releases the file. */
  close(): void {
    if (this.#closed) return;
    this.#commit();
    this.#closed = true;
    closeSpoolDatabase(this.#database);
  }

  /** @returns whether there was a report to drop */
  #dropOldest(): boolean {
    const taken = this.#taken.at(-1)?.place ?? 0;
    const [stored] = this.#stored.after(taken, 1);
    const oldest = stored ?? this.#pending.find(({ place }) => place > taken)?.place;
    if (oldest === undefined) return false;
    this.#forget(oldest);
    this.dropped++;
    return true;
  }

  /** The reports at some places in the file; none if one of them cannot be read. */
  #read(places: readonly number[]): Entry[] {
    try {
      return places.map((at) => {
        const row = this.#select.get(at);
        if (row === null) throw new Error(`report ${at} is missing`);
        return { place: row.place, msgid: BigInt(row.msgid), text: row.text };
      });
    } catch (error) {
      const { size } = this.#stored;
      this.#tell(`cannot be read (${(error as Error).message}): ${size} reports stay in it`);
      // What is in the file is out of reach; the next start looks at it again.
      this.#stored.clear();
      return [];
    }
  }

  #forget(place: number): void {
    const pending = this.#pending.findIndex((entry) => entry.place === place);
    if (pending >= 0) {
      this.#pending.splice(pending, 1);
    } else {
      this.#settled.add(place);
      this.#stored.remove(place);
    }
  }

  #commitSoon(): void {
    if (this.#commitIsDue) return;
    this.#commitIsDue = true;
    const when = this.#inTrouble ? this.ports.later : this.ports.soon;
    when(() => this.#commit());
  }

  /** Writes all that has changed, in one transaction with one fsync. */
  #commit(): void {
    this.#commitIsDue = false;
    if (this.#closed || (this.#pending.length === 0 && this.#settled.size === 0)) return;
    try {
      this.#check();
      this.#database.run("BEGIN IMMEDIATE");
      for (const place of this.#settled) this.#remove.run(place);
      for (const { place, msgid, text } of this.#pending) {
        this.#insert.run(place, String(msgid), text);
      }
      this.#database.run("COMMIT");
    } catch (error) {
      if (this.#database.inTransaction) this.#database.run("ROLLBACK");
      const why = (error as Error).message;
      if (!this.#inTrouble) this.#tell(`cannot be written (${why}): reports wait in memory`);
      this.#inTrouble = true;
      this.#commitSoon();
      return;
    }
    for (const { place } of this.#pending) this.#stored.add(place);
    this.#pending = [];
    this.#settled.clear();
    if (this.#inTrouble) this.#tell("is written again");
    this.#inTrouble = false;
  }

  /** @throws Error if the file was removed or replaced: what is written into it would be gone */
  #check(): void {
    if (inodeOf(this.path) !== this.#inode) throw new Error("the file was removed");
  }

  #tell(what: string): void {
    this.ports.notice(`The spool ${this.path} ${what}.`);
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
