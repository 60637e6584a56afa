// Reads rows in the order of their numbers past damaged pages: what is on them is left out, and told. Never repairs
// anything.

import type { Statement } from "bun:sqlite";
import { isDamage } from "../file/database-refusal.ts";

/**
 * The rows from a number on that can be read.
 * @param statement selects rows with `sequence` at or above its one parameter, in ascending order
 * @param low the first number, `high` the number after the last
 * @param onDamage called for each error of SQLite that says that a page is damaged
 * @throws any other error
 */
export function* readableRows<Row extends { readonly sequence: number }>(
  statement: Statement<Row, [number]>,
  low: number,
  high: number,
  onDamage: (error: unknown) => void,
): Generator<Row, void, undefined> {
  let from = low;
  // A damaged page has some hundred rows: doubling the distance finds the next readable one in a few steps.
  for (let skip = 1; from < high; skip *= 2) {
    try {
      for (const row of statement.iterate(from)) {
        from = row.sequence + 1;
        skip = 1;
        yield row;
      }
      return;
    } catch (error) {
      if (!isDamage(error)) throw error;
      onDamage(error);
      from += skip;
    }
  }
}
