// A text file piece by piece, so that one of any length can be read. Knows nothing of what is in it.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const pieceBytes = 65_536;

/**
 * The text of a file, cut anywhere between two characters. What is no UTF-8 becomes U+FFFD.
 * @throws errors of the file system
 */
export function* textPieces(path: string): Generator<string, void, undefined> {
  const descriptor = openSync(path, "r");
  try {
    const decoder = new TextDecoder();
    const buffer = Buffer.allocUnsafe(pieceBytes);
    for (let read = 1; read > 0;) {
      read = readSync(descriptor, buffer);
      const text = decoder.decode(buffer.subarray(0, read), { stream: read > 0 });
      if (text !== "") yield text;
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Whether a file can be read twice: a pipe cannot.
 * @throws errors of the file system
 */
export function isRegular(path: string): boolean {
  const descriptor = openSync(path, "r");
  try {
    return fstatSync(descriptor).isFile();
  } finally {
    closeSync(descriptor);
  }
}
