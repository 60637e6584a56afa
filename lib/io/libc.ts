// Opens the C library of this system, for the few functions that Bun does not offer. Calls no function itself.

import { dlopen, type FFIFunction, type Library } from "bun:ffi";

/** The names of glibc, then those of musl. */
const names = ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/**
 * Opens the C library of a Linux system.
 * @param signatures the functions to load
 * @returns null if there is no library with these functions
 */
export function openLibc<const Functions extends Record<string, FFIFunction>>(
  signatures: Functions,
): Library<Functions> | null {
  for (const name of names) {
    try {
      return dlopen(name, signatures);
    } catch {
      // Try the next name.
    }
  }
  return null;
}
