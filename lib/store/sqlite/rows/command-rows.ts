// Owns the rows of `command`, and in `service` how long the database has been in service. Never decides what becomes of a
// command.

import type { Database, Statement } from "bun:sqlite";
import { type CommandWrite, keptCommands } from "../../../server/commands/command-rows.ts";
import type { CommandEnd, CommandRow, ServiceTime } from "../../../server/rows.ts";
import type { CommandKey, Keys, Rows } from "../../../server/store-port.ts";
import { prepare } from "../file/statements.ts";

/** The columns of `RawCommand`. */
export const commandColumns = `number, device, mac_key AS macKey, message, origin, request, created, expires, due,
  sendings, sent, delivered, ended, outcome AS "end", code, result, late`;

/** A row of `commandColumns` as SQLite gives it. */
export type RawCommand = Omit<CommandRow, "late"> & { readonly late: number };

/** The command in a row of `commandColumns`. */
export function commandOf(raw: RawCommand): CommandRow {
  return { ...raw, late: raw.late === 1 };
}

export class CommandRows {
  readonly #openOf: Statement<RawCommand>;
  readonly #byNumber: Statement<RawCommand>;
  readonly #byRequest: Statement<RawCommand>;
  readonly #open: Statement<RawCommand>;
  readonly #due: Statement<RawCommand>;
  readonly #service: Statement<{ ms: number; wall: number | null }>;
  readonly #count: Statement<{ open: number }>;
  readonly #add: Statement<{ number: number }>;
  readonly #end: Statement;
  readonly #late: Statement;
  readonly #touch: Statement;
  readonly #note: Statement<{ ms: number }>;
  readonly #removeOld: Statement;
  readonly #removeMany: Statement;
  /** How many are open, as this batch has left them; null until it asks. To count them takes the longer the more they are. */
  #openNow: number | null = null;

  constructor(database: Database) {
    const select = `SELECT ${commandColumns} FROM command`;
    this.#openOf = prepare(
      database,
      `${select} WHERE device = ? AND ended IS NULL ORDER BY number`,
    );
    this.#byNumber = prepare(database, `${select} WHERE number = ?`);
    this.#byRequest = prepare(database, `${select} WHERE device = ? AND request = ?`);
    this.#open = prepare(database, `${select} WHERE ended IS NULL ORDER BY number LIMIT ?`);
    this.#due = prepare(
      database,
      `${select} WHERE ended IS NULL AND due <= ? ORDER BY due, number LIMIT ?`,
    );
    this.#service = prepare(database, "SELECT ms, wall FROM service");
    this.#count = prepare(database, "SELECT count(*) AS open FROM command WHERE ended IS NULL");
    this.#add = prepare(
      database,
      `INSERT INTO command (device, mac_key, message, origin, request, created, expires, due)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number`,
    );
    this.#end = prepare(
      database,
      `UPDATE command SET outcome = ?2, ended = ?3, code = ?4, result = ?5,
         hour = coalesce((SELECT hours FROM service), 0)
       WHERE number = ?1 AND ended IS NULL`,
    );
    this.#late = prepare(
      database,
      `UPDATE command SET code = ?2, result = ?3, late = 1
       WHERE number = ?1 AND ended IS NOT NULL AND code IS NULL`,
    );
    this.#touch = prepare(
      database,
      "UPDATE command SET sendings = ?2, sent = ?3, delivered = ?4 WHERE number = ?1 AND ended IS NULL",
    );
    this.#note = prepare(
      database,
      `INSERT INTO service (id, hours, ms, wall) VALUES (1, 0, ?1, ?2)
       ON CONFLICT (id) DO UPDATE SET ms = max(ms, ?1), wall = ?2 RETURNING ms`,
    );
    this.#removeOld = prepare(
      database,
      `DELETE FROM command WHERE ended IS NOT NULL AND hour <= (SELECT hours FROM service) - ${keptCommands.hours}`,
    );
    this.#removeMany = prepare(
      database,
      `DELETE FROM command WHERE ended IS NOT NULL AND number <=
         (SELECT number FROM command WHERE ended IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ${keptCommands.ended})`,
    );
  }

  /** A batch begins: the one before may have been rolled back. */
  begin(): void {
    this.#openNow = null;
  }

  /** The commands that a rule needs. */
  load(keys: Keys): Pick<Rows, "commands" | "command" | "openCommands" | "service"> {
    const { device, withCommands, command, openCommands, withService } = keys;
    return {
      commands: withCommands === true ? this.#openOf.all(device as string).map(commandOf) : [],
      command: command === undefined ? null : this.#find(command),
      openCommands: openCommands === undefined ? [] : this.open(openCommands),
      service: withService === true ? this.#serviceNow() : null,
    };
  }

  /** The open commands of all devices, as `Keys.openCommands`. */
  open({ due, limit }: NonNullable<Keys["openCommands"]>): CommandRow[] {
    const rows = due === null ? this.#open.all(limit) : this.#due.all(due, limit);
    return rows.map(commandOf);
  }

  service(): ServiceTime {
    this.#openNow = null;
    return this.#serviceNow();
  }

  #serviceNow(): ServiceTime {
    const open = (this.#openNow ??= (this.#count.get() as { open: number }).open);
    const { ms, wall } = this.#service.get() ?? { ms: 0, wall: null };
    return { ms, wall, now: null, open };
  }

  /** Carries out a write; returns the number that it gives, 0 without one. */
  write(write: CommandWrite): number {
    switch (write.kind) {
      case "add-command": {
        const { device, macKey, message, origin, request, created, expires, due } = write.command;
        const values = [device, macKey, message, origin, request, created, expires, due] as const;
        if (this.#openNow !== null) this.#openNow++;
        return (this.#add.get(...values) as { number: number }).number;
      }
      case "end-command": {
        const { number, end, at, code, result } = write;
        const { changes } = this.#end.run(number, end satisfies CommandEnd, at, code, result);
        if (this.#openNow !== null) this.#openNow -= changes;
        return 0;
      }
      case "keep-late-result":
        this.#late.run(write.number, write.code, write.result);
        return 0;
      case "touch-commands":
        for (const { number, sendings, sent, delivered } of write.touches) {
          this.#touch.run(number, sendings, sent, delivered);
        }
        return 0;
      case "note-service":
        return (this.#note.get(write.ms, write.wall) as { ms: number }).ms;
    }
  }

  /** Removes ended ones: those that are too old, and the oldest of too many. */
  removeOld(): void {
    this.#removeOld.run();
    this.#removeMany.run();
  }

  #find(key: CommandKey): CommandRow | null {
    const raw =
      "number" in key
        ? this.#byNumber.get(key.number)
        : this.#byRequest.get(key.device, key.request);
    return raw === null ? null : commandOf(raw);
  }
}
