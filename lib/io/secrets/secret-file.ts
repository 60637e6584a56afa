// Files with a secret: readable by their owner only, and replaced atomically. A file that others can read is refused,
// never corrected silently: somebody may have read it.

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { OperatingError } from "../../operating-error.ts";
import { syncFolder } from "../../synced-folder.ts";

const bytesMax = 65_536;

/**
 * Reads a secret.
 * @returns its bytes, at most 64 KiB; null if there is no such file
 * @throws OperatingError `secret-exposed`, `secret-unreadable`
 */
export function readSecretFile(path: string): Buffer | null {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw unreadable(path, error);
  }
  try {
    const facts = fstatSync(file);
    if (!facts.isFile() || facts.size > bytesMax) throw unreadable(path, "it is not a small file");
    assertPrivate(path, facts);
    const bytes = Buffer.alloc(facts.size);
    return bytes.subarray(0, readSync(file, bytes, 0, facts.size, 0));
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a secret with a temporary file, fsync and rename, so that after a crash there is the old file or the new one.
 * @throws OperatingError `secret-unwritable`
 */
export function writeSecretFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new OperatingError(
      "secret-unwritable",
      `${path} cannot be written: ${(error as Error).message}.`,
      "Make its folder writable for this user.",
    );
  }
}

/**
 * Creates an empty file with mode 0600, or checks that an existing one is private.
 * @throws OperatingError `secret-exposed`, `secret-unwritable`
 */
export function makeSecretFile(path: string): void {
  try {
    const file = openSync(path, "a", 0o600);
    try {
      assertPrivate(path, fstatSync(file));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    throw new OperatingError(
      "secret-unwritable",
      `${path} cannot be made: ${(error as Error).message}.`,
      "Make its folder writable for this user.",
    );
  }
}

/**
 * Creates a folder for secrets with mode 0700, or checks that an existing one is private.
 * @throws OperatingError `secret-exposed`, `secret-unwritable`
 */
export function makeSecretFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new OperatingError(
      "secret-unwritable",
      `${path} cannot be made: ${(error as Error).message}.`,
      "Make its parent folder writable for this user.",
    );
  }
  assertPrivate(path, statSync(path));
}

type Facts = { readonly mode: number; readonly uid: number; isDirectory(): boolean };

function assertPrivate(path: string, facts: Facts): void {
  // Windows has no file modes.
  if (process.getuid === undefined) return;
  const mode = facts.isDirectory() ? "700" : "600";
  if (facts.uid !== process.getuid()) {
    throw new OperatingError(
      "secret-exposed",
      `${path} belongs to another user.`,
      `If it is meant for you: chown ${process.getuid()} ${path} && chmod ${mode} ${path}`,
    );
  }
  if ((facts.mode & 0o077) !== 0) {
    throw new OperatingError(
      "secret-exposed",
      `${path} can be read by others (mode ${(facts.mode & 0o777).toString(8)}).`,
      `chmod ${mode} ${path}`,
    );
  }
}

function unreadable(path: string, error: unknown): OperatingError {
  const why = error instanceof Error ? error.message : String(error);
  return new OperatingError(
    "secret-unreadable",
    `${path} cannot be read: ${why}.`,
    "Check the file and its rights.",
  );
}
