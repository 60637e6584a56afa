// Owns the reads for operators from the store in memory. Never writes.

import { noLabels } from "../../server/labels.ts";
import type {
  CommandRow,
  DeviceRow,
  QuestionRow,
  ReportRow,
  RosterRow,
  SessionRow,
} from "../../server/rows.ts";
import type {
  CommandQuery,
  DeviceReads,
  Messages,
  MessageScan,
  ReportChunk,
  ReportRange,
  ReportReads,
  Scan,
} from "../../server/store-reads.ts";
import { firstsFrom } from "../time-search.ts";
import type { MemoryRows } from "./memory-rows.ts";

/** How many sequence numbers a chunk has. */
const chunkSize = 65_536;

export class MemoryReads implements DeviceReads, ReportReads {
  /** @param reports by sequence number, from 1 on without gaps */
  constructor(
    private readonly rows: MemoryRows,
    private readonly reports: ReadonlyMap<number, ReportRow>,
  ) {}

  roster(after: string, limit: number): RosterRow[] {
    const never = { session: 0, started: 0, lastSeen: 0, ended: null, reason: null };
    const devices = [...this.rows.devices.values()].filter(({ id }) => id > after);
    devices.sort((a, b) => (a.id < b.id ? -1 : 1));
    return devices.slice(0, limit).map((device) => {
      const { session, started, lastSeen, ended, reason } =
        this.rows.currentSession(device) ?? never;
      const labels = this.rows.labels.get(device.id)?.labels ?? noLabels;
      return { id: device.id, labels, session, started, lastSeen, ended, reason };
    });
  }

  facts(id: string): DeviceRow | null {
    const device = this.rows.devices.get(id);
    if (device === undefined) return null;
    const { mac, ip, port, registered, repeats, sealedKey, textLocked } = device;
    return { id, mac, ip, port, registered, repeats, sealedKey, textLocked };
  }

  factsOf(ids: readonly string[]): (DeviceRow | null)[] {
    return ids.map((id) => this.facts(id));
  }

  sessions(id: string, before: number, limit: number): SessionRow[] {
    const older = this.rows.sessionsOf(id).filter(({ session }) => session < before);
    return older.slice(0, limit);
  }

  sessionsOf(ids: readonly string[], limit: number): SessionRow[][] {
    return ids.map((id) => this.sessions(id, Infinity, limit));
  }

  questions(id: string, before: number, limit: number): QuestionRow[] {
    const older = this.rows.questionsOf(id).filter(({ number }) => number < before);
    return older.slice(0, limit);
  }

  commands({ device, state, before, limit }: CommandQuery): CommandRow[] {
    const rows = this.rows.commands.all().reverse();
    const isIn = (row: CommandRow) =>
      (device === null || row.device === device) &&
      (state === "all" || (row.ended === null) === (state === "open")) &&
      row.number < before;
    return rows.filter(isIn).slice(0, limit);
  }

  command(number: number): CommandRow | null {
    return this.rows.commands.all().find((row) => row.number === number) ?? null;
  }

  chunks(from: number, to: number): ReportChunk[] {
    const numbers = Array.from({ length: Math.ceil(this.end() / chunkSize) }, (_, i) => i);
    const all = [...this.reports.values()];
    return numbers.flatMap((number) => {
      const rows = all.filter(({ sequence }) => Math.floor(sequence / chunkSize) === number);
      const isIn = rows.some(({ at }) => at >= from && at <= to);
      return isIn ? [{ number, isOrdered: areOrdered(rows), revision: 0 }] : [];
    });
  }

  timesAt(_id: string, base: number, places: Uint16Array): Float64Array {
    const timeAt = (place: number) => this.reports.get(base + place)?.at ?? Number.NaN;
    return Float64Array.from(places, timeAt);
  }

  firstsFrom(id: string, base: number, places: Uint16Array, times: Float64Array): number[] | null {
    const own = this.timesAt(id, base, places);
    return firstsFrom((index) => own[index] as number, own.length, times);
  }

  end(): number {
    return this.reports.size + 1;
  }

  first(): number {
    return 1;
  }

  isShared(): boolean {
    return false;
  }

  count(): number {
    return this.reports.size;
  }

  reportsAt(sequences: readonly number[]): (ReportRow | null)[] {
    return sequences.map((sequence) => this.reports.get(sequence) ?? null);
  }

  latestOf(ids: readonly string[]): (ReportRow | null)[] {
    const reports = [...this.reports.values()];
    return ids.map((id) => reports.findLast(({ device }) => device === id) ?? null);
  }

  scan(id: string | null, range: ReportRange, order: "newest" | "oldest"): Scan<ReportRow> {
    const { low, high, from = -Infinity, to = Infinity } = range;
    const isIn = ({ sequence, device, at }: ReportRow) =>
      sequence >= low &&
      sequence < high &&
      (id === null || id === device) &&
      at >= from &&
      at <= to;
    const rows = [...this.reports.values()].filter(isIn);
    return new ArrayScan(order === "newest" ? rows.reverse() : rows);
  }

  messages(id: string, low: number, high: number): MessageScan {
    const rows = [...this.reports.values()].filter(
      ({ sequence, device }) => device === id && sequence >= low && sequence < high,
    );
    return new ArrayMessages(rows);
  }
}

/** Whether the times of each device's reports ascend. */
function areOrdered(rows: readonly ReportRow[]): boolean {
  const latest = new Map<string, number>();
  return rows.every(({ device, at }) => {
    const isLater = at >= (latest.get(device) ?? at);
    latest.set(device, at);
    return isLater;
  });
}

class ArrayScan implements Scan<ReportRow> {
  #next = 0;

  constructor(private readonly rows: readonly ReportRow[]) {}

  next(limit: number): readonly ReportRow[] {
    return this.rows.slice(this.#next, (this.#next += limit));
  }

  get done(): boolean {
    return this.#next >= this.rows.length;
  }
}

class ArrayMessages implements MessageScan {
  #next = 0;

  constructor(private readonly rows: readonly ReportRow[]) {}

  next(limit: number): Messages {
    const base = this.rows[this.#next]?.sequence ?? 0;
    const rows = this.rows.slice(this.#next, this.#next + limit);
    // A place has 16 bits.
    const taken = rows.filter(({ sequence }) => sequence - base < chunkSize);
    this.#next += taken.length;
    const places = Uint16Array.from(taken, ({ sequence }) => sequence - base);
    const bytes = Buffer.from(taken.map(({ message }) => `${message}\x1f`).join(""));
    return { base, places, bytes };
  }

  get done(): boolean {
    return this.#next >= this.rows.length;
  }
}
