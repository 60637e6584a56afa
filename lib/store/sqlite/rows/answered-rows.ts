// Owns the rows of `answered`: the ACK codes of the latest sealed requests that changed something. The caller writes
// a row in the transaction of the change. Never decides an answer.

import type { Database, Statement } from "bun:sqlite";
import type { AckCode } from "../../../protocol/codes.ts";
import type { AnsweredRow, SealedRequest } from "../../../server/rows.ts";
import { prepare } from "../file/statements.ts";

/** How many rows are kept, about 150 bytes each. A repeat comes within minutes, or is the device's next request. */
const rowsMax = 65_536;

export class AnsweredRows {
  readonly #insert: Statement<{ number: number }>;
  readonly #forget: Statement;
  readonly #answerTo: Statement<AnsweredRow>;

  /** @param keptMax how many rows are kept; older ones are deleted */
  constructor(
    database: Database,
    private readonly keptMax = rowsMax,
  ) {
    this.#insert = prepare(
      database,
      `INSERT OR REPLACE INTO answered (device, client_key, msgid, code, digest)
       VALUES (?, ?, ?, ?, ?) RETURNING number`,
    );
    this.#forget = prepare(database, "DELETE FROM answered WHERE number <= ?");
    this.#answerTo = prepare(
      database,
      "SELECT code, digest FROM answered WHERE device = ? AND msgid = ? AND client_key = ?",
    );
  }

  /** Stores the answer to a request and deletes the oldest row if there are too many. */
  keep({ device, clientKey, msgid, digest }: SealedRequest, code: AckCode): void {
    const row = this.#insert.get(device, clientKey, storedMsgid(msgid), code, digest);
    this.#forget.run((row as { number: number }).number - this.keptMax);
  }

  /** The stored answer to the request's msgid, or null. */
  answerTo({ device, clientKey, msgid }: SealedRequest): AnsweredRow | null {
    return this.#answerTo.get(device, storedMsgid(msgid), clientKey);
  }
}

/** SQLite's integers are signed, a msgid is not: the same 64 bits are stored. */
function storedMsgid(msgid: bigint): bigint {
  return BigInt.asIntN(64, msgid);
}
