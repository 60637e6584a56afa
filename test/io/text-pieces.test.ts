// The text of a file in the encodings that spreadsheets write.

import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { textPieces } from "../../lib/io/text-pieces.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { TemporaryFolder } from "../e2e/temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

// Longer than a piece, which is cut within a character.
const text = `name\r\n${"x".repeat(65_533)}ö€😀 end`;
const swapped = () => Buffer.from(text, "utf16le").swap16();

test.each([
  ["UTF-8", () => Buffer.from(text)],
  ["UTF-8 with a mark", () => Buffer.from(`\ufeff${text}`)],
  ["UTF-16, the low byte first", () => Buffer.from(`\ufeff${text}`, "utf16le")],
  ["UTF-16, the high byte first", () => Buffer.concat([Buffer.from([0xfe, 0xff]), swapped()])],
])("%s", (_, bytes) => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "text");
  writeFileSync(path, bytes());
  expect([...textPieces(path)].join("")).toBe(text);
});

test("what is in no encoding is replaced, and a file may be empty", () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "text");
  writeFileSync(path, Buffer.from([0x61, 0xe4, 0x62]));
  expect([...textPieces(path)].join("")).toBe("a\ufffdb");
  writeFileSync(path, "");
  expect([...textPieces(path)]).toEqual([]);
});
