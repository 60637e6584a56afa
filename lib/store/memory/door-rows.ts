// The rows of the door in memory: the window, the join tokens and the pending devices. Decides nothing.

import {
  type Crowd,
  type DoorKeys,
  type DoorRows,
  type DoorWrite,
  noDoorRows,
  pendingHours,
  pendingMax,
  type PendingRow,
  type TokenRow,
  type WindowRow,
} from "../../server/door/door-rows.ts";
import { type UndoLog, UndoMap } from "./undo-map.ts";

/** A pending device, and the hour of service in which it was heard last. */
type Held = { readonly row: PendingRow; readonly hour: number };

export class MemoryDoor {
  readonly #window: UndoMap<"window", WindowRow>;
  readonly #tokens: UndoMap<number, TokenRow>;
  readonly #pending: UndoMap<string, Held>;

  /** @param hours tells how many hours the server has run */
  constructor(
    log: UndoLog,
    private readonly hours: () => number,
  ) {
    this.#window = new UndoMap(log);
    this.#tokens = new UndoMap(log);
    this.#pending = new UndoMap(log);
  }

  /** What a rule asks for. */
  load({ token, pending, lists }: DoorKeys): DoorRows {
    const tokens = token === undefined && lists !== true ? [] : [...this.#tokens.values()];
    const all = lists === true ? [...this.#pending.values()] : [];
    return {
      window: this.#window.get("window") ?? null,
      token: (token && tokens.find(({ hash }) => Buffer.compare(hash, token) === 0)) ?? null,
      pending: (pending && this.#pending.get(pending.id)?.row) ?? null,
      crowd: pending === undefined ? noDoorRows.crowd : this.#crowd(pending.source),
      tokens: lists === true ? tokens : [],
      allPending: all.map(({ row }) => row).sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
  }

  #crowd(source: string): Crowd {
    const since = this.hours() - 1;
    let [all, ofSource] = [0, 0];
    for (const { row, hour } of this.#pending.values()) {
      if (hour >= since) all++;
      if (row.source === source) ofSource++;
    }
    const ofLargest = all < pendingMax ? 0 : Math.max(...this.#bySource().values());
    return { all, ofSource, ofLargest };
  }

  #bySource(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { row } of this.#pending.values()) {
      counts.set(row.source, (counts.get(row.source) ?? 0) + 1);
    }
    return counts;
  }

  /** Carries out a write. */
  write(write: DoorWrite): void {
    switch (write.what) {
      case "set-window":
        return void this.#window.set("window", write.window);
      case "note-window": {
        const { number, leftMs, until } = write;
        const row = this.#window.get("window");
        if (row?.number !== number || leftMs >= row.leftMs) return;
        return void this.#window.set("window", { ...row, leftMs, until });
      }
      case "add-token":
        return void this.#tokens.set(write.token.number, write.token);
      case "use-token":
        return this.#changeToken(write.number, ({ usesLeft, used }) => ({
          usesLeft: usesLeft === null ? null : usesLeft - 1,
          used: used + 1,
          lastUsed: write.at,
        }));
      case "revoke-token":
        return this.#changeToken(write.number, () => ({ revoked: true }));
      case "remove-token":
        return void this.#tokens.delete(write.number);
      case "add-pending":
        this.#put(write.pending);
        return this.#trim();
      case "change-pending":
        if (this.#pending.has(write.pending.id)) this.#put(write.pending);
    }
  }

  /** A device is registered. */
  remove(id: string): void {
    this.#pending.delete(id);
  }

  /** Another hour of service is over. */
  countHour(): void {
    for (const [id, { hour }] of this.#pending) {
      if (hour <= this.hours() - pendingHours) this.#pending.delete(id);
    }
  }

  #changeToken(number: number, change: (token: TokenRow) => Partial<TokenRow>): void {
    const token = this.#tokens.get(number);
    if (token !== undefined) this.#tokens.set(number, { ...token, ...change(token) });
  }

  #put(row: PendingRow): void {
    this.#pending.set(row.id, { row, hour: this.hours() });
  }

  #trim(): void {
    if (this.#pending.size <= pendingMax) return;
    const counts = this.#bySource();
    const since = this.hours() - 1;
    const order = ({ row, hour }: Held) => [
      Number(row.state === "approved"),
      hour >= since ? -(counts.get(row.source) ?? 0) : -pendingMax,
      Number(row.tries > 1),
      hour,
      row.lastSeen,
    ];
    const oldest = [...this.#pending.values()].sort((a, b) => {
      const [left, right] = [order(a), order(b)] as [number[], number[]];
      const at = left.findIndex((it, i) => it !== right[i]);
      return at < 0 ? 0 : (left[at] as number) - (right[at] as number);
    });
    for (const { row } of oldest.slice(0, this.#pending.size - pendingMax)) {
      this.#pending.delete(row.id);
    }
  }
}
