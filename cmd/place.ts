// The store that a command works on, with its password. Opens no store.

import type { DataPlace } from "../lib/config/store-source.ts";
import { passwordInPassfile, readStorePassword } from "../lib/io/secrets/store-password.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import { storeAt } from "../lib/store/store-at.ts";

/**
 * The store of a configuration, not opened yet.
 * @throws OperatingError if a file with a password cannot be used
 */
export function placeOf({ db, store }: DataPlace): StorePlace {
  if (store === undefined) return storeAt({ db, postgres: null });
  const { address, passwordFile, passfile, waitMs } = store;
  const password =
    passwordFile === null
      ? (address.password ?? (passfile === null ? null : passwordInPassfile(passfile, address)))
      : readStorePassword(passwordFile);
  return storeAt({ db, postgres: { address: { ...address, password }, waitMs } });
}
