// The folder of a test: created empty, removed with the test. Gives access to its files.

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

  /** The text of a file; empty if there is none yet. */
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

  /** Size, time of last change and hash of a file, as one comparable text. */
  fingerprint(name: string): string {
    const { mtimeMs, size } = statSync(this.join(name));
    return `${size} ${mtimeMs} ${Bun.SHA256.hash(this.bytes(name), "hex")}`;
  }

  names(): string[] {
    return readdirSync(this.path).sort();
  }

  /** The paths of all files in it, at any depth. */
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
