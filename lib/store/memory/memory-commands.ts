// The commands of the store in memory, and how long it has been in service. Decides nothing.

import { type CommandWrite, keptCommands } from "../../server/commands/command-rows.ts";
import type { CommandRow, ServiceTime } from "../../server/rows.ts";
import type { CommandKey, Keys, Rows } from "../../server/store-port.ts";
import { type UndoLog, UndoMap } from "./undo-map.ts";

export class MemoryCommands {
  readonly #rows: UndoMap<number, CommandRow>;
  /** The hours of service when each of the ended ones did, by number. */
  readonly #hours: UndoMap<number, number>;
  readonly #numbers: UndoMap<"command", number>;
  readonly #service: UndoMap<"service", Pick<ServiceTime, "ms" | "wall">>;

  constructor(log: UndoLog) {
    this.#rows = new UndoMap(log);
    this.#hours = new UndoMap(log);
    this.#numbers = new UndoMap(log);
    this.#service = new UndoMap(log);
  }

  /** The commands that a rule needs. */
  load(keys: Keys): Pick<Rows, "commands" | "command" | "openCommands" | "service"> {
    const { device, withCommands, command, openCommands, withService } = keys;
    return {
      commands: withCommands === true ? this.open().filter((row) => row.device === device) : [],
      command: command === undefined ? null : this.#find(command),
      openCommands:
        openCommands === undefined
          ? []
          : this.open()
              .filter(({ due }) => openCommands.due === null || due <= openCommands.due)
              .slice(0, openCommands.limit),
      service: withService === true ? this.service() : null,
    };
  }

  /** All open ones, by number. */
  open(): CommandRow[] {
    return this.all().filter(({ ended }) => ended === null);
  }

  /** The numbers of a device's open ones, ascending, separated by commas. */
  numbersOf(id: string): string {
    return this.open()
      .filter(({ device }) => device === id)
      .map(({ number }) => number)
      .join(",");
  }

  /** All that are kept, by number. */
  all(): CommandRow[] {
    return [...this.#rows.values()];
  }

  service(): ServiceTime {
    const { ms, wall } = this.#service.get("service") ?? { ms: 0, wall: null };
    return { ms, wall, now: null, open: this.open().length };
  }

  /** Carries out a write; returns the number that it gives, 0 without one. @param hour of service */
  write(write: CommandWrite, hour: number): number {
    switch (write.kind) {
      case "add-command": {
        const number = (this.#numbers.get("command") ?? 0) + 1;
        this.#numbers.set("command", number);
        const open = { sendings: 0, sent: null, delivered: null, ended: null, end: null };
        const empty = { code: null, result: null, late: false };
        this.#rows.set(number, { ...write.command, number, ...open, ...empty });
        return number;
      }
      case "end-command": {
        const { number, end, at: ended, code, result } = write;
        const row = this.#rows.get(number);
        if (row?.ended !== null) return 0;
        this.#rows.set(number, { ...row, ended, end, code, result });
        this.#hours.set(number, hour);
        return 0;
      }
      case "keep-late-result": {
        const { number, code, result } = write;
        const row = this.#rows.get(number);
        const isMissing = row !== undefined && row.ended !== null && row.code === null;
        if (isMissing) this.#rows.set(number, { ...row, code, result, late: true });
        return 0;
      }
      case "touch-commands":
        for (const { number, ...touch } of write.touches) {
          const row = this.#rows.get(number);
          if (row?.ended === null) this.#rows.set(number, { ...row, ...touch });
        }
        return 0;
      case "note-service": {
        const ms = Math.max(write.ms, this.service().ms);
        this.#service.set("service", { ms, wall: write.wall });
        return ms;
      }
    }
  }

  /** Removes ended ones: those that are too old, and the oldest of too many. @param hours of service */
  removeOld(hours: number): void {
    const ended = [...this.#rows.values()].filter((row) => row.ended !== null).reverse();
    for (const [place, { number }] of ended.entries()) {
      const isOld = (this.#hours.get(number) ?? hours) <= hours - keptCommands.hours;
      if (!isOld && place < keptCommands.ended) continue;
      this.#rows.delete(number);
      this.#hours.delete(number);
    }
  }

  #find(key: CommandKey): CommandRow | null {
    const isIt = (row: CommandRow) =>
      "number" in key
        ? row.number === key.number
        : row.device === key.device && row.request === key.request;
    return this.all().find(isIt) ?? null;
  }
}
