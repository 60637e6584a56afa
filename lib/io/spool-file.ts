// The spool in a file: reports survive the end of the process and of the power. What arrives together is committed
// together. If the file cannot be written, reports wait in memory until it can.

import type { Database, Statement } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Report, Spool } from "../client/spool.ts";
import { closeSpoolDatabase, openSpoolDatabase } from "./spool-database.ts";

/**
 * How many delivered reports may still be in the file: after a loss of power they are sent again. Half of the device's 16
 * latest reports that every server compares with a repeat, however long the device was silent.
 */
const settledMax = 8;

type Row = { readonly place: number; readonly msgid: string; readonly text: string };
type Entry = Report & { readonly place: number };

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
  /** Number of reports in the file, without those that are settled. */
  #stored: number;
  #last: number;
  /** Reports that are not committed yet. */
  #pending: Entry[] = [];
  /** Places of reports that are still in the file, but are delivered or dropped. */
  readonly #settled = new Set<number>();
  /** All reports up to this place are settled. */
  #settledUpTo = 0;
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
    this.#select = database.query("SELECT * FROM report WHERE place > ? ORDER BY place LIMIT ?");
    const found = database
      .query<{ stored: number; last: number }, []>(
        "SELECT count(*) AS stored, coalesce(max(place), 0) AS last FROM report",
      )
      .get();
    this.#stored = found?.stored ?? 0;
    this.#last = found?.last ?? 0;
  }

  get length(): number {
    return this.#stored + this.#pending.length;
  }

  push({ msgid, text }: Report): boolean {
    const full = this.length >= this.reportsMax && this.#dropOldest();
    this.#pending.push({ place: ++this.#last, msgid, text });
    this.#commitSoon();
    return full;
  }

  take(count: number): readonly Report[] {
    this.#taken = this.#from(0, count);
    return this.#taken;
  }

  settle(reports: readonly Report[]): void {
    for (const { msgid } of reports) {
      const entry = this.#taken.find((taken) => taken.msgid === msgid);
      if (entry !== undefined) this.#forget(entry);
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
    return inodeOf(this.path) === this.#inode ? this.#stored : 0;
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
    const [oldest] = this.#from(this.#taken.at(-1)?.place ?? 0, 1);
    if (oldest === undefined) return false;
    this.#forget(oldest);
    this.dropped++;
    return true;
  }

  /** The first `count` reports after a place. */
  #from(place: number, count: number): Entry[] {
    const entries = this.#stored === 0 ? [] : this.#read(place, count);
    const pending = this.#pending.filter((entry) => entry.place > place);
    return [...entries, ...pending.slice(0, count - entries.length)];
  }

  #read(place: number, count: number): Entry[] {
    try {
      const entries = this.#unsettled(Math.max(place, this.#settledUpTo), count);
      if (place === 0) this.#settledUpTo = (entries[0]?.place ?? 1) - 1;
      return entries;
    } catch (error) {
      this.#tell(
        `cannot be read (${(error as Error).message}): ${this.#stored} reports stay in it`,
      );
      // What is in the file is out of reach; the next start looks at it again.
      this.#stored = 0;
      return [];
    }
  }

  /** The first `count` reports in the file after a place. Of rows that are settled there are few, unless all are. */
  #unsettled(place: number, count: number): Entry[] {
    const entries: Entry[] = [];
    const limit = count + settledMax;
    for (let after = place; ;) {
      const rows = this.#select.all(after, limit);
      for (const row of rows) {
        if (this.#settled.has(row.place)) continue;
        entries.push({ place: row.place, msgid: BigInt(row.msgid), text: row.text });
      }
      if (rows.length < limit || entries.length >= count) return entries.slice(0, count);
      after = rows.at(-1)?.place ?? after;
    }
  }

  #forget({ place }: Entry): void {
    const pending = this.#pending.findIndex((entry) => entry.place === place);
    if (pending >= 0) {
      this.#pending.splice(pending, 1);
    } else {
      this.#settled.add(place);
      this.#stored--;
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
    this.#stored += this.#pending.length;
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
