// Knows whether standard output goes to the journal of systemd. Writes nothing.

import { fstatSync } from "node:fs";

/** Whether standard output is the stream that systemd names in JOURNAL_STREAM, as `device:inode`. */
export function isJournal(env: Readonly<Record<string, string | undefined>>): boolean {
  const stream = env["JOURNAL_STREAM"] ?? "";
  if (stream === "") return false;
  try {
    const { dev, ino } = fstatSync(1);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
