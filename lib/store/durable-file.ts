// Files that have their name only when they are whole: written under another one, synced, then named. Knows nothing of
// what is in them.

import {
  closeSync,
  copyFileSync,
  existsSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

const unfinished = /\.(\d+)\.unfinished(-journal)?$/;

/** The name that a file of this process has until it is whole. */
export function unfinishedNameOf(target: string): string {
  return `${target}.${process.pid}.unfinished`;
}

/** Whether a name is that of a file which its writer left unfinished: the writer is there no more. */
export function isLeftover(name: string): boolean {
  const pid = unfinished.exec(name)?.[1];
  return pid !== undefined
    ? !isAlive(Number(pid))
    : /\.unfinished(-wal|-shm|-journal)?$/.test(name);
}

/** Removes what writers of a target left that were killed. */
export function removeLeftovers(target: string): void {
  const prefix = `${basename(target)}.`;
  for (const name of readdirSync(dirname(target))) {
    const isOfTarget = name.startsWith(prefix) && unfinished.test(name.slice(prefix.length - 1));
    if (isOfTarget && isLeftover(name)) rmSync(join(dirname(target), name), { force: true });
  }
}

/**
 * Gives a whole file a name that nothing has; after a crash it is there whole, or not at all.
 * @throws errors of the file system; EEXIST where the name is taken
 */
export function giveNewName(file: string, target: string): void {
  sync(file);
  giveSecondName(file, target);
  rmSync(file);
  syncFolder(dirname(target));
}

/**
 * Puts a whole file in the place of another; after a crash there is the old one or the new one.
 * @throws errors of the file system
 */
export function takePlaceOf(file: string, target: string): void {
  sync(file);
  renameSync(file, target);
  syncFolder(dirname(target));
}

/**
 * Gives a file another name beside its own, or, on a file system without links, makes a copy under it.
 * @throws errors of the file system; EEXIST where the name is taken
 */
export function giveSecondName(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") throw error;
    copyFileSync(file, name, constants.COPYFILE_EXCL);
    sync(name);
  }
}

/** The name, or one like it that nothing has. */
export function unusedName(wanted: string): string {
  let name = wanted;
  for (let i = 2; existsSync(name); i++) name = `${wanted}-${i}`;
  return name;
}

/** Waits until a folder's names are on the disk. */
export function syncFolder(folder: string): void {
  // Windows cannot open a directory, and needs none of this.
  if (process.platform !== "win32") sync(folder, "r");
}

function sync(name: string, flags = "r+"): void {
  const descriptor = openSync(name, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
