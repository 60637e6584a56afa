// A folder of a test: made empty, gone with the test. Tells what is in its files.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is removed when its scope ends. */
export class TemporaryFolder implements Disposable {
  readonly path: string;

  /** @param path an existing folder to use instead of a new one; it is not removed */
  constructor(path?: string) {
    this.path = path ?? mkdtempSync(join(tmpdir(), "iot-e2e-"));
    this.#isOurs = path === undefined;
  }
  readonly #isOurs: boolean;

  join(name: string): string {
    return join(this.path, name);
  }

  /** The text of a file; empty where there is none yet. */
  text(name: string): string {
    try {
      return readFileSync(this.join(name), "utf8");
    } catch {
      return "";
    }
  }

  bytes(name: string): Buffer {
    return readFileSync(this.join(name));
  }

  /** Bytes and time of last change, as one comparable text. */
  fingerprint(name: string): string {
    const { mtimeMs, size } = statSync(this.join(name));
    return `${size} ${mtimeMs} ${Bun.SHA256.hash(this.bytes(name), "hex")}`;
  }

  names(): string[] {
    return readdirSync(this.path).sort();
  }

  /** Every file in it and below, by its path. */
  files(): string[] {
    return readdirSync(this.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.path.length + 1))
      .sort();
  }

  [Symbol.dispose](): void {
    if (this.#isOurs) rmSync(this.path, { recursive: true, force: true });
  }
}
