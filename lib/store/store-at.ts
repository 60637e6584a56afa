// Chooses the store that the configuration names. The only place that knows which there are.

import type { StorePlace } from "../server/store-care.ts";
import { type Host, Hosts } from "./postgres/connection/hosts.ts";
import type { PostgresAddress } from "./postgres/connection/address.ts";
import { type Copied, type CopyPort, copyStore } from "./copy/copy-store.ts";
import { PostgresPlace } from "./postgres/postgres-place.ts";
import { SqlitePlace } from "./sqlite/sqlite-place.ts";

/** Where a store is. */
export type StoreName = {
  /** The path of an SQLite database; of another store, the path beside which the server keeps its own files. */
  readonly db: string;
  /** A database on a PostgreSQL server, and how long to wait for it, ms (null: for ever); null for SQLite. */
  readonly postgres: { readonly address: NamedAddress; readonly waitMs: number | null } | null;
};

/** The address with its servers as they are named. */
type NamedAddress = Omit<PostgresAddress, "hosts"> & { readonly hosts: readonly Host[] };

/** The store of a configuration, not opened yet. */
export function storeAt({ db, postgres }: StoreName): StorePlace {
  if (postgres === null) return new SqlitePlace(db);
  return new PostgresPlace(db, addressOf(postgres.address), postgres.waitMs);
}

/**
 * Copies an SQLite database into one of PostgreSQL.
 * @param name `db` is what is copied, `postgres` where to
 * @throws OperatingError with a next step
 */
export function copyAt({ db, postgres }: StoreName, port: CopyPort): Promise<Copied> {
  if (postgres === null) throw new TypeError("a copy goes to PostgreSQL");
  return copyStore(db, addressOf(postgres.address), port);
}

function addressOf(named: NamedAddress): PostgresAddress {
  return { ...named, hosts: new Hosts(named.hosts) };
}
