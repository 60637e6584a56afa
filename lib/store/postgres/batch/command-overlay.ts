// The commands of one batch while its rules decide, and how long the database has been in service: as the steps before have left
// them. Decides and sends nothing.

import type { CommandWrite } from "../../../server/commands/command-rows.ts";
import type { CommandRow, ServiceTime } from "../../../server/rows.ts";
import type { Keys, Rows } from "../../../server/store-port.ts";

export class CommandOverlay {
  /** By number: those that were loaded, and those that were added. */
  readonly #rows = new Map<number, CommandRow>();
  #service: ServiceTime | null = null;

  /** Notes rows that were loaded. */
  take(rows: readonly CommandRow[]): void {
    for (const row of rows) this.#rows.set(row.number, row);
  }

  takeService(service: ServiceTime): void {
    this.#service = service;
  }

  /** What a rule asks for. */
  rowsFor(keys: Keys): Pick<Rows, "commands" | "command" | "openCommands" | "service"> {
    const { device, withCommands, command, openCommands, withService } = keys;
    const isDue = ({ due }: CommandRow) =>
      openCommands?.due === undefined || openCommands.due === null || due <= openCommands.due;
    return {
      commands: withCommands === true ? this.#open().filter((row) => row.device === device) : [],
      command: command === undefined ? null : this.#find(command),
      openCommands:
        openCommands === undefined ? [] : this.#open().filter(isDue).slice(0, openCommands.limit),
      service: withService === true ? this.#service : null,
    };
  }

  /** Does a write to the rows of the batch. @param added the number of a new command */
  write(write: CommandWrite, added: number): void {
    switch (write.kind) {
      case "add-command": {
        const open = { sendings: 0, sent: null, delivered: null, ended: null, end: null };
        const empty = { code: null, result: null, late: false };
        this.#rows.set(added, { ...write.command, number: added, ...open, ...empty });
        this.#count(1);
        return;
      }
      case "end-command": {
        const { number, end, at: ended, code, result } = write;
        const row = this.#rows.get(number);
        if (row?.ended !== null) return;
        this.#rows.set(number, { ...row, end, ended, code, result });
        this.#count(-1);
        return;
      }
      case "keep-late-result": {
        const { number, code, result } = write;
        const row = this.#rows.get(number);
        if (row === undefined || row.ended === null || row.code !== null) return;
        this.#rows.set(number, { ...row, code, result, late: true });
        return;
      }
      case "touch-commands":
        for (const touch of write.touches) {
          const row = this.#rows.get(touch.number);
          if (row?.ended === null) this.#rows.set(row.number, { ...row, ...touch });
        }
        return;
      case "note-service":
        if (this.#service === null) return;
        this.#service = { ...this.#service, ms: Math.max(this.#service.ms, write.ms) };
    }
  }

  #count(by: number): void {
    if (this.#service !== null) {
      this.#service = { ...this.#service, open: this.#service.open + by };
    }
  }

  #open(): CommandRow[] {
    const open = [...this.#rows.values()].filter(({ ended }) => ended === null);
    return open.sort((a, b) => a.number - b.number);
  }

  #find(key: NonNullable<Keys["command"]>): CommandRow | null {
    if ("number" in key) return this.#rows.get(key.number) ?? null;
    for (const row of this.#rows.values()) {
      if (row.device === key.device && row.request === key.request) return row;
    }
    return null;
  }
}
