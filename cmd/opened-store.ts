// A store that a command opens itself, because no server of it can carry the change out. Registers or changes nothing itself.

import { showProgress } from "../lib/cli/progress.ts";
import { answersHere } from "../lib/io/control-calls.ts";
import { hashPassword } from "../lib/io/secrets/password-hasher.ts";
import type { OpenStore, StorePlace } from "../lib/server/store-care.ts";

const say = (words: string) => void process.stderr.write(`${words}\n`);

/** Whether a running server has to make a change: it alone may write, or it runs here and can tell the others. */
export async function needsServer(store: StorePlace): Promise<boolean> {
  if (!(await store.isServed())) return false;
  return store.hasOneServer || answersHere(store.path);
}

/**
 * Opens a store for a command that writes. The caller closes it.
 * @param command its name
 * @param sharedIp as for the server
 * @throws OperatingError as `StorePlace.open`
 */
export function openHere(
  place: StorePlace,
  command: string,
  sharedIp: boolean,
): Promise<OpenStore> {
  const onProgress = showProgress("Hashing passwords");
  const traits = { sharedIp, fingerprint: () => null };
  const notes = { onProgress, onNote: say, onTrouble: say };
  const name = `iot-server ${command} ${process.pid}`;
  const node = { name, address: "", version: "", offlineAfterMs: 0, settings: {} };
  return place.open({ hashPassword, now: Date.now, traits, node, ...notes });
}
