// The text of a configuration file: what is read, and what is refused.

import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettingsText } from "../../lib/io/settings-text.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const folder = mkdtempSync(join(tmpdir(), "iot-settings-"));
const path = join(folder, "iot.toml");

function written(text: string, mode: number): string {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test("a file is read; one with a password only if nobody else can read it", () => {
  const plain = 'store = "postgres://iot@db/iot" # at db: an hour\n';
  expect(readSettingsText(written(plain, 0o644))).toBe(plain);
  const token = 'join = "join-0123456789abcdefghjkmnpqrs"';
  for (const secret of [token, 'store = "postgres://iot:pw@db/iot"', "mqtt = 'mqtts://a:b@host'"]) {
    expect(() => readSettingsText(written(secret, 0o640))).toThrow(
      expect.objectContaining({ code: "secret-exposed", message: expect.stringContaining(path) }),
    );
    expect(readSettingsText(written(secret, 0o600))).toBe(secret);
  }
});

test("a file that is none, a folder, and a large one are refused by name", () => {
  const refused = { code: "config-unreadable", exit: 2, message: expect.stringContaining(folder) };
  for (const wrong of [join(folder, "missing"), folder, written("#".repeat(2 << 20), 0o600)]) {
    expect(() => readSettingsText(wrong)).toThrow(expect.objectContaining(refused));
  }
});
