// The commands that a device has begun, with their results, in a file: each change is on the disk when it returns. Decides nothing.

import { Database } from "bun:sqlite";
import type { CommandKey, CommandMemory, CommandResult } from "../client/device-commands.ts";
import { OperatingError } from "../operating-error.ts";
import { makeSecretFile } from "./secrets/secret-file.ts";

/** How many of the latest commands are remembered; a device must remember 64 (protocol §4.14). */
const keptMax = 256;

type Row = { readonly code: string | null; readonly message: string | null };

export class CommandFile implements CommandMemory {
  readonly #database: Database;

  /**
   * Opens the file; creates it with mode 0600 if there is none.
   * @throws OperatingError `commands-unusable`, `secret-exposed`, `secret-unwritable`
   */
  constructor(path: string) {
    makeSecretFile(path);
    try {
      this.#database = new Database(path, { readwrite: true, strict: true });
      this.#database.run("PRAGMA busy_timeout = 2000");
      this.#database.run("PRAGMA synchronous = EXTRA");
      this.#database.run(
        `CREATE TABLE IF NOT EXISTS command (
           place INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, hash TEXT NOT NULL,
           code TEXT, message TEXT, UNIQUE (number, hash)) STRICT`,
      );
    } catch (error) {
      throw new OperatingError(
        "commands-unusable",
        `${path}, which remembers the commands that were carried out, cannot be used: ${(error as Error).message}.`,
        "Make room and check its rights. Without it the latest commands may be carried out again.",
      );
    }
  }

  find({ number, hash }: CommandKey): { readonly result: CommandResult | null } | null {
    const row = this.#database
      .query<Row, [number, string]>(
        "SELECT code, message FROM command WHERE number = ? AND hash = ?",
      )
      .get(number, hash);
    if (row === null) return null;
    const { code, message } = row;
    return { result: code === null || message === null ? null : { code, message } };
  }

  begin({ number, hash }: CommandKey): void {
    this.#database.query("INSERT INTO command (number, hash) VALUES (?, ?)").run(number, hash);
    this.#database.run(
      `DELETE FROM command WHERE code IS NOT NULL AND place <= (SELECT max(place) FROM command) - ${keptMax}`,
    );
  }

  finish({ number, hash }: CommandKey, { code, message }: CommandResult): void {
    this.#database
      .query("UPDATE command SET code = ?, message = ? WHERE number = ? AND hash = ?")
      .run(code, message, number, hash);
  }

  begun(): readonly CommandKey[] {
    return this.#database
      .query<CommandKey, []>("SELECT number, hash FROM command WHERE code IS NULL ORDER BY place")
      .all();
  }

  /** Releases the file. */
  close(): void {
    this.#database.close();
  }
}
