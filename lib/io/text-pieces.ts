// Reads a text file in pieces, so that its size does not matter. Knows nothing of its content.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const pieceBytes = 65_536;

/**
 * The text of a file, in pieces that are cut between any two characters. Invalid UTF-8 becomes U+FFFD.
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
 * Whether the path is a regular file, which can be read twice; a pipe cannot.
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
