// The password that a device made of a join token, in its state folder. Never makes one, and never shows it.

import { join } from "node:path";
import { isPassword } from "../protocol/fields.ts";
import { OperatingError } from "../operating-error.ts";
import { makeDeviceFolder } from "./client-state.ts";
import { readSecretFile, writeSecretFile } from "./secrets/secret-file.ts";

/**
 * The password that is kept for a device; null if none is.
 * @param folder the client's state folder
 * @throws OperatingError `secret-exposed`, `secret-unreadable`, `state-damaged`
 */
export function keptPassword(folder: string, id: string): string | null {
  const path = join(makeDeviceFolder(folder, id), "password");
  const text = readSecretFile(path)?.toString("utf8").replace(/\n$/, "") ?? null;
  if (text === null || isPassword(text)) return text;
  throw new OperatingError(
    "state-damaged",
    `${path} is damaged.`,
    "Restore it, or remove it and join with a new token after the device was deregistered.",
  );
}

/**
 * Keeps a password for a device. One of before is kept beside it, as `password.old`: the device may be registered with it.
 * @throws OperatingError `secret-exposed`, `secret-unwritable`
 */
export function keepPassword(folder: string, id: string, password: string): void {
  const path = join(makeDeviceFolder(folder, id), "password");
  const before = readSecretFile(path);
  if (before !== null) writeSecretFile(`${path}.old`, before);
  writeSecretFile(path, Buffer.from(`${password}\n`));
}
