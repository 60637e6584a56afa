// Facts of this machine that a server depends on: whether its clock is set by somebody, room on a disk, rights, limits of the
// kernel. Judges none of them; what cannot be found out is null.

import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { openLibc } from "./libc.ts";

/** `struct timex` of 64-bit Linux has 208 bytes; with no mode set nothing is changed. */
const timexBytes = 208;
const clockIsUnset = 5;

/** Whether the kernel knows that somebody keeps the wall clock right (NTP). Linux only. */
export function isClockSynchronized(): boolean | null {
  if (process.platform !== "linux") return null;
  const library = openLibc({ adjtimex: { args: ["ptr"], returns: "i32" } });
  const state = library?.symbols.adjtimex(Buffer.from(new ArrayBuffer(timexBytes))) ?? -1;
  return state < 0 ? null : state !== clockIsUnset;
}

/** The largest receive buffer that a process without rights may have, in bytes. Linux only. */
export function receiveBufferMax(): number | null {
  return numberIn("/proc/sys/net/core/rmem_max", /^(\d+)/);
}

/** How many files this process may open. Linux only. */
export function openFilesMax(): number | null {
  return numberIn("/proc/self/limits", /^Max open files +(\d+)/m);
}

/** Room for this user where a path is or will be. */
export function roomAt(path: string): { readonly bytes: number; readonly share: number } | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(existingOf(path));
    return { bytes: bavail * bsize, share: blocks === 0 ? 1 : bavail / blocks };
  } catch {
    return null;
  }
}

/** Why this user cannot write where a folder is or will be; null if it can. */
export function whyUnwritable(folder: string): string | null {
  try {
    accessSync(existingOf(folder), constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** The path itself, or the nearest folder above it that exists. */
function existingOf(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) || whole === dirname(whole) ? whole : existingOf(dirname(whole));
}

function numberIn(path: string, form: RegExp): number | null {
  try {
    const [, digits] = form.exec(readFileSync(path, "utf8")) ?? [];
    return digits === undefined ? null : Number(digits);
  } catch {
    return null;
  }
}
