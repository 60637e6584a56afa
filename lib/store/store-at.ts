// Chooses the store that the configuration names. The only place that knows which there are.

import type { StorePlace } from "../server/store-care.ts";
import { SqlitePlace } from "./sqlite/sqlite-place.ts";

/**
 * The store of a configuration, not opened yet.
 * @param config `db` is the path of an SQLite database
 */
export function storeAt({ db }: { readonly db: string }): StorePlace {
  return new SqlitePlace(db);
}
