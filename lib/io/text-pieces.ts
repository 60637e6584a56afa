// Reads a text file in pieces, so that its size does not matter. Knows nothing of its content.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const pieceBytes = 65_536;

/** How a file of UTF-16 begins, as some programs write it. */
const byteOrders = [
  { mark: [0xff, 0xfe], encoding: "utf-16le" },
  { mark: [0xfe, 0xff], encoding: "utf-16be" },
] as const;

/**
 * The text of a file, in pieces that are cut between any two characters: UTF-8, or UTF-16 with a byte order mark. What is
 * invalid becomes U+FFFD.
 * @throws errors of the file system
 */
export function* textPieces(path: string): Generator<string, void, undefined> {
  const descriptor = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes);
    let decoder: TextDecoder | null = null;
    for (let read = 1; read > 0;) {
      read = readSync(descriptor, buffer);
      // A pipe that gives its first byte alone is read as UTF-8.
      decoder ??= new TextDecoder(encodingOf(buffer.subarray(0, read)));
      const text = decoder.decode(buffer.subarray(0, read), { stream: read > 0 });
      if (text !== "") yield text;
    }
  } finally {
    closeSync(descriptor);
  }
}

function encodingOf(begin: Uint8Array): "utf-8" | (typeof byteOrders)[number]["encoding"] {
  const found = byteOrders.find(({ mark }) => mark.every((byte, i) => begin[i] === byte));
  return found?.encoding ?? "utf-8";
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
