// Reads the index on the disk: where in a full chunk the reports of a device are. Never writes: `report-chunks` does.

import type { Database, Statement } from "bun:sqlite";
import { prepare } from "../file/statements.ts";

export class IndexedPlaces {
  readonly #places: Statement<{ places: Uint8Array }>;

  constructor(database: Database) {
    this.#places = prepare(
      database,
      "SELECT places FROM report_index WHERE chunk = ? AND device = ?",
    );
  }

  /** A device's places in a chunk, ascending; null if the index has none. */
  in(chunk: number, device: string): Uint16Array | null {
    const row = this.#places.get(chunk, device);
    // A copy: 16-bit numbers must begin at an even address.
    return row === null ? null : new Uint16Array(row.places.slice().buffer);
  }
}
