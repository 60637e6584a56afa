// The admin token: created at the first start and stored beside the database, readable by its owner only. Never checks
// a token.

import { createHash, randomBytes } from "node:crypto";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

export type AdminToken = {
  readonly token: string;
  /** Whether it was created now and must be shown. */
  readonly isNew: boolean;
};

/** The path of the token's file. */
export function tokenPathOf(databasePath: string): string {
  return `${databasePath}.token`;
}

/** A digest of the token, to compare it with that of another server; null if it is not created yet. */
export function tokenDigest(databasePath: string): string | null {
  const kept = readSecretFile(tokenPathOf(databasePath))?.toString("utf8").trim() ?? "";
  return kept === ""
    ? null
    : createHash("sha256").update(`node ${kept}`).digest("hex").slice(0, 16);
}

/**
 * Reads the token, or creates it from 256 random bits.
 * @param databasePath the path of the database file
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
