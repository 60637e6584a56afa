// Owns files that get their name only when they are complete: they are written under a temporary name, synced, then
// renamed. Never looks at their content.

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
import { syncFolder } from "../../../synced-folder.ts";

const unfinished = /\.(\d+)\.unfinished(-journal)?$/;

/** The temporary name of a file that this process writes; it contains the process id. */
export function unfinishedNameOf(target: string): string {
  return `${target}.${process.pid}.unfinished`;
}

/** Whether a file name is that of an unfinished file whose writer is no longer running. */
export function isLeftover(name: string): boolean {
  const pid = unfinished.exec(name)?.[1];
  return pid !== undefined
    ? !isAlive(Number(pid))
    : /\.unfinished(-wal|-shm|-journal)?$/.test(name);
}

/** Removes the unfinished files of a target whose writers were killed. */
export function removeLeftovers(target: string): void {
  const prefix = `${basename(target)}.`;
  for (const name of readdirSync(dirname(target))) {
    const isOfTarget = name.startsWith(prefix) && unfinished.test(name.slice(prefix.length - 1));
    if (isOfTarget && isLeftover(name)) rmSync(join(dirname(target), name), { force: true });
  }
}

/**
 * Renames a complete file to a name that does not exist yet. After a crash, the target is complete or does not exist.
 * @throws errors of the file system; EEXIST if the name is taken
 */
export function giveNewName(file: string, target: string): void {
  sync(file);
  giveSecondName(file, target);
  rmSync(file);
  syncFolder(dirname(target));
}

/**
 * Replaces a file with a complete new one. After a crash, the target is the old file or the new one.
 * @throws errors of the file system
 */
export function takePlaceOf(file: string, target: string): void {
  sync(file);
  renameSync(file, target);
  syncFolder(dirname(target));
}

/**
 * Gives a file a second name (a hard link); on a file system without links, copies it instead.
 * @throws errors of the file system; EEXIST if the name is taken
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

/** The wanted name, or with `-2`, `-3`, … appended if it is taken. */
export function unusedName(wanted: string): string {
  let name = wanted;
  for (let i = 2; existsSync(name); i++) name = `${wanted}-${i}`;
  return name;
}

function sync(name: string): void {
  const descriptor = openSync(name, "r+");
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
