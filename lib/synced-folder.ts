// Puts the names in a folder on the disk: after a rename or a new file, only a sync of its folder makes the name last.
// Never looks at the files themselves.

import { closeSync, fsyncSync, openSync } from "node:fs";

/**
 * Syncs a folder, so that new and changed names in it are on the disk.
 * @throws errors of the file system
 */
export function syncFolder(folder: string): void {
  // Windows cannot open a directory, and does not need this.
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
