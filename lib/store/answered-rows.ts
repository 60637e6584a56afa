// The rows of `answered`: what sealed requests that changed something were answered, the latest of them. A row is written
// in the transaction of the change; decides nothing.

import type { Database, Statement } from "bun:sqlite";
import type { AckCode } from "../protocol/codes.ts";
import type { SealedRequest } from "../server/operation.ts";
import { prepare } from "./statements.ts";

/** Rows kept: each about 150 bytes. A repeat comes within minutes, or from a device that did nothing else since. */
const rowsMax = 65_536;

export class AnsweredRows {
  readonly #insert: Statement<{ number: number }>;
  readonly #forget: Statement;
  readonly #codeOf: Statement<{ code: AckCode }>;

  /** @param keptMax how many rows stay */
  constructor(
    database: Database,
    private readonly keptMax = rowsMax,
  ) {
    this.#insert = prepare(
      database,
      `INSERT OR REPLACE INTO answered (device, client_key, msgid, code) VALUES (?, ?, ?, ?)
       RETURNING number`,
    );
    this.#forget = prepare(database, "DELETE FROM answered WHERE number <= ?");
    this.#codeOf = prepare(
      database,
      "SELECT code FROM answered WHERE device = ? AND msgid = ? AND client_key = ?",
    );
  }

  /** Notes what a request was answered, and forgets the oldest. */
  keep({ device, clientKey, msgid }: SealedRequest, code: AckCode): void {
    const row = this.#insert.get(device, clientKey, storedMsgid(msgid), code);
    this.#forget.run((row as { number: number }).number - this.keptMax);
  }

  /** What the request was answered, or null where it is none that is known. */
  codeOf({ device, clientKey, msgid }: SealedRequest): AckCode | null {
    return this.#codeOf.get(device, storedMsgid(msgid), clientKey)?.code ?? null;
  }
}

/** SQLite's integers have a sign. */
function storedMsgid(msgid: bigint): bigint {
  return BigInt.asIntN(64, msgid);
}
