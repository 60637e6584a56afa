// The admin token: made at the first start, kept beside the database for its owner only.

import { randomBytes } from "node:crypto";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

export type AdminToken = {
  readonly token: string;
  /** Whether it was made now, and is to be shown. */
  readonly isNew: boolean;
};

/** The name of the token's file. */
export function tokenPathOf(databasePath: string): string {
  return `${databasePath}.token`;
}

/**
 * Reads the token, or makes it: 256 random bits.
 * @throws OperatingError `secret-exposed`, `secret-unreadable`, `secret-unwritable`
 */
export function openAdminToken(databasePath: string): AdminToken {
  const path = tokenPathOf(databasePath);
  const kept = readSecretFile(path)?.toString("utf8").trim() ?? "";
  if (kept.length >= 32) return { token: kept, isNew: false };
  const token = `iot_${randomBytes(32).toString("base64url")}`;
  writeSecretFile(path, Buffer.from(`${token}\n`));
  return { token, isNew: true };
}
