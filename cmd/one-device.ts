// The commands that change one device: deregister and password. Through the running server, or in the database if no server
// runs; connects both to the terminal.

import { unknownDevice, type WriteLine } from "../lib/cli/server/commands.ts";
import { newPassword } from "../lib/cli/server/new-password.ts";
import { openTerminal } from "../lib/cli/client/terminal.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import { changePasswordOn, removeOn } from "../lib/io/control-calls.ts";
import { hashPassword } from "../lib/io/secrets/password-hasher.ts";
import { exitCode, type ExitCode, OperatingError } from "../lib/operating-error.ts";
import { changingPassword, removing } from "../lib/server/devices.ts";
import type { Decided, Rule } from "../lib/server/store-port.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import { needsServer, openHere } from "./opened-store.ts";
import { placeOf } from "./place.ts";

type OneDevice = DataPlace & { readonly id: string; readonly sharedIp: boolean };

/** Deregisters a device, and ends its session. */
export async function runDeregister(
  { id, sharedIp, ...place }: OneDevice,
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(place);
  const done = (await needsServer(store))
    ? stored(await removeOn(store.path, id)) !== "unknown"
    : await decided(store, { id, sharedIp }, "deregister", removing(id, Date.now()));
  if (!done) throw unknownDevice(id);
  write(`${id} is deregistered; its reports and its labels stay.`);
  return exitCode.done;
}

/** Gives a device another password, which is typed twice, or the first line of standard input. */
export async function runPassword(
  { id, sharedIp, ...place }: OneDevice,
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(place);
  // Asked first: nobody types a password for a device that there is not.
  if (!(await store.isRegistered(id))) throw unknownDevice(id);
  const terminal = openTerminal(write);
  const hash = await newPassword(id, terminal)
    .then(hashPassword)
    .finally(() => terminal.close());
  const done = (await needsServer(store))
    ? stored(await changePasswordOn(store.path, id, hash)) !== "unknown"
    : await decided(store, { id, sharedIp }, "password", changingPassword(id, hash, Date.now()));
  if (!done) throw unknownDevice(id);
  write(`${id} has another password; its session has ended, and it has to log in with it.`);
  return exitCode.done;
}

async function decided(
  place: StorePlace,
  { id, sharedIp }: Pick<OneDevice, "id" | "sharedIp">,
  command: string,
  rule: Rule<boolean>,
): Promise<boolean> {
  // Where nothing is stored, nothing is made for it.
  if (!(await place.isRegistered(id))) return false;
  const store = await openHere(place, command, sharedIp);
  try {
    const [result] = await store.apply([rule]);
    return (result as Decided<boolean>).outcome;
  } finally {
    await store.close();
  }
}

function stored<Result extends string>(result: Result): Result {
  if (result !== "storage-failed") return result;
  throw new OperatingError(
    "storage-failed",
    "The server could not store it: nothing was changed.",
    "Its error.log says why; see iot-server health, then repeat the command.",
  );
}
