// Reads the commands for operators: a page of them, newest first, or one. Never writes.

import type { Database, Statement } from "bun:sqlite";
import type { CommandRow } from "../../../server/rows.ts";
import type { CommandQuery } from "../../../server/store-reads.ts";
import { prepare } from "../file/statements.ts";
import { commandColumns, commandOf, type RawCommand } from "./command-rows.ts";

const conditions = { open: "ended IS NULL", ended: "ended IS NOT NULL", all: "true" } as const;

type Page = Statement<RawCommand>;

export class CommandLists {
  readonly #one: Page;
  readonly #pages: { readonly [state in CommandQuery["state"]]: { all: Page; ofDevice: Page } };

  constructor(database: Database) {
    const select = `SELECT ${commandColumns} FROM command`;
    const page = (where: string): Page =>
      prepare(database, `${select} WHERE ${where} AND number < ?1 ORDER BY number DESC LIMIT ?2`);
    const pages = (state: CommandQuery["state"]) => ({
      all: page(conditions[state]),
      ofDevice: page(`${conditions[state]} AND device = ?3`),
    });
    this.#one = prepare(database, `${select} WHERE number = ?`);
    this.#pages = { open: pages("open"), ended: pages("ended"), all: pages("all") };
  }

  /** Commands, newest first. */
  list({ device, state, before, limit }: CommandQuery): CommandRow[] {
    const below = Math.min(before, Number.MAX_SAFE_INTEGER);
    const { all, ofDevice } = this.#pages[state];
    const rows = device === null ? all.all(below, limit) : ofDevice.all(below, limit, device);
    return rows.map(commandOf);
  }

  /** A command, or null. */
  one(number: number): CommandRow | null {
    const raw = this.#one.get(number);
    return raw === null ? null : commandOf(raw);
  }
}
