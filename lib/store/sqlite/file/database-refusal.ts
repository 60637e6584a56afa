// Owns the reasons for refusing a database, as errors with a next step, and the translation of errors of SQLite and of
// the file system into them. Never looks at a file.

import { OperatingError } from "../../../operating-error.ts";

/** The file is damaged or is not an SQLite database. */
export function corrupt(path: string, detail: string): OperatingError {
  return new OperatingError(
    "database-corrupt",
    `${path} is damaged: ${detail}.`,
    `Restore a backup, or try \`sqlite3 ${path} .recover\`; or give --db another file to start anew.`,
  );
}

/** A warning: only stored reports are damaged, so the devices are served. */
export function reportsDamaged(path: string, detail: string): OperatingError {
  return new OperatingError(
    "reports-damaged",
    `Stored reports in ${path} are damaged: ${detail}. New ones are stored; reading the damaged ones fails.`,
    `See: iot-server check --db ${path}. To mend it, stop the server and restore a backup.`,
  );
}

/** Whether an error of SQLite means that a page of the file is damaged or cannot be read from the disk. */
export function isDamage(error: unknown): boolean {
  const { code = "" } = error as { code?: string };
  return /^SQLITE_(CORRUPT|NOTADB|IOERR_READ|IOERR_SHORT_READ|IOERR_CORRUPTFS)/.test(code);
}

/** The file is a database of another program. */
export function foreign(path: string, nextStep = "Give --db another file."): OperatingError {
  const message = `${path} is not a database of iot-server. It was not changed.`;
  return new OperatingError("database-foreign", message, nextStep);
}

/** The path leads to a directory, a FIFO or a device. */
export function notAFile(path: string, isDirectory: boolean): OperatingError {
  return new OperatingError(
    "database-unwritable",
    `${path} is ${isDirectory ? "a directory" : "no regular file"}.`,
    "Name a file with --db; it is created if it does not exist.",
  );
}

/** A warning: the file was copied while a server had it open, and its log was not. */
export function logMissing(path: string): OperatingError {
  return new OperatingError(
    "log-missing",
    `${path} was served when it was copied, and its log ${path}-wal is not here: what was stored last is missing.`,
    "If you have the original, copy it with: iot-server backup FILE. If another program merged the log, all is there.",
  );
}

/** Another program has locked the database. */
export function inUse(path: string): OperatingError {
  return new OperatingError(
    "database-in-use",
    `${path} is in use by another program.`,
    "Stop that one first, or give this one another --db.",
  );
}

/** The file system does not allow the file to be opened or written. */
export function unwritable(path: string, detail: string): OperatingError {
  return new OperatingError(
    "database-unwritable",
    `${path} cannot be opened: ${detail}.`,
    "Make its directory, check the disk and the rights of this user, or give another --db.",
  );
}

/** There is no room for the file to grow. */
export function full(path: string): OperatingError {
  return new OperatingError(
    "disk-full",
    `${path} cannot be written: its disk is full.`,
    "Make room there, then repeat the command.",
  );
}

/**
 * Translates an error of SQLite into a refusal; any other error is returned unchanged.
 * @param error as thrown
 * @param path the database's name in messages
 */
export function explainSqlite(error: unknown, path: string): unknown {
  if (error instanceof OperatingError) return error;
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return corrupt(path, message);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return inUse(path);
  if (code.startsWith("SQLITE_FULL")) return full(path);
  return /^SQLITE_(CANTOPEN|READONLY|PERM|IOERR|AUTH)/.test(code)
    ? unwritable(path, message)
    : error;
}

/**
 * Translates an error of SQLite or of the file system into a refusal; any other error is returned unchanged.
 * @param error as thrown
 * @param path the database's name in messages
 */
export function explain(error: unknown, path: string): unknown {
  const explained = explainSqlite(error, path);
  const { code = "", message = String(error) } = explained as { code?: string; message?: string };
  if (code === "ENOSPC" || code === "EDQUOT") return full(path);
  return /^E[A-Z]+$/.test(code) ? unwritable(path, message) : explained;
}
