// The store that a command works on, with its password. Opens no store.

import type { DataPlace, StoreSource } from "../lib/config/store-source.ts";
import { passwordInPassfile, readStorePassword } from "../lib/io/secrets/store-password.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import { storeAt, type StoreName } from "../lib/store/store-at.ts";

/**
 * The store of a configuration, not opened yet.
 * @throws OperatingError if a file with a password cannot be used
 */
export function placeOf(place: DataPlace): StorePlace {
  return storeAt(storeNameOf(place));
}

/** The same as a name: with the password, wherever that is. @throws as `placeOf` */
export function storeNameOf({ db, store }: DataPlace): StoreName {
  if (store === undefined) return { db, postgres: null };
  return { db, postgres: { address: withPassword(store), waitMs: store.waitMs } };
}

function withPassword({ address, passwordFile, passfile }: StoreSource) {
  if (passwordFile !== null) return { ...address, password: readStorePassword(passwordFile) };
  if (address.password !== null || passfile === null) return address;
  const { hosts, database, username } = address;
  const [password = null] = hosts.flatMap(
    (host) => passwordInPassfile(passfile, { ...host, database, username }) ?? [],
  );
  return { ...address, password };
}
