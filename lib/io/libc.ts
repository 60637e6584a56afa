// The C library of this system, for the few calls that Bun does not make. Knows no call.

import { dlopen, type FFIFunction, type Library } from "bun:ffi";

/** By the name that glibc has, then that of musl. */
const names = ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/**
 * Opens the C library of a Linux.
 * @param signatures the functions that are wanted of it
 * @returns null where there is none that has them
 */
export function openLibc<const Functions extends Record<string, FFIFunction>>(
  signatures: Functions,
): Library<Functions> | null {
  for (const name of names) {
    try {
      return dlopen(name, signatures);
    } catch {
      // The next name.
    }
  }
  return null;
}
