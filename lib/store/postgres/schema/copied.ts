// What a database tells of the copy that filled it: from where, how far, and whether it is whole. Copies nothing.

import { OperatingError } from "../../../operating-error.ts";
import type { Writer } from "../connection/writer.ts";

/** A copy into a database. */
export type CopyState = {
  /** The name of what was copied, for people. */
  readonly source: string;
  /** Reports below this number are there; -1 if they are not those of the source. */
  readonly next: number;
  readonly finished: boolean;
};

/** The copy that fills or has filled a database; null if there was none. */
export async function copyStateOf(writer: Pick<Writer, "query">): Promise<CopyState | null> {
  const [row] = await writer.query(
    "SELECT source, next::float8 AS next, finished IS NOT NULL AS finished FROM copied",
  );
  return row === undefined ? null : (row as unknown as CopyState);
}

/**
 * Refuses a database that a copy has not filled yet.
 * @param shown the database's address for people
 * @throws OperatingError `copy-unfinished`
 */
export async function assertCopied(writer: Pick<Writer, "query">, shown: string): Promise<void> {
  const state = await copyStateOf(writer);
  if (state === null || state.finished) return;
  throw new OperatingError(
    "copy-unfinished",
    `${shown} lacks a part of ${state.source}: a copy of it has not ended.`,
    `Wait for it, or run it again: iot-server copy ${state.source} ${shown}`,
  );
}
