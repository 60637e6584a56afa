// A disk that can be filled and freed while a server writes to it: a small tmpfs if this user may mount one, otherwise
// a limit on the size of the server's files.

import { mkdirSync, mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerProcess } from "./server-process.ts";

const bytes = 8 << 20;

export class SmallDisk implements Disposable {
  /** A folder on the disk. */
  readonly path: string;
  /** The command prefix that the server needs. */
  readonly runBy: readonly string[];
  readonly #root = mkdtempSync(join(tmpdir(), "iot-e2e-"));
  readonly #isMounted: boolean;

  constructor() {
    this.#isMounted =
      process.env["IOT_NO_MOUNT"] === undefined &&
      succeeds("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", this.#root);
    this.path = join(this.#root, "data");
    mkdirSync(this.path);
    // Beyond the limit a write fails; without this, SIGXFSZ would end the process.
    this.runBy = this.#isMounted ? [] : ["sh", "-c", `trap '' XFSZ; exec "$@"`, "sh"];
  }

  /**
   * Leaves almost no room.
   * @param room without a mount: the bytes by which the write-ahead log may still grow; if negative, not even its last
   *   pages can be written again
   */
  fill(server: ServerProcess, room: number): void {
    if (!this.#isMounted) {
      const { size } = statSync(join(this.path, "iot_server.db-wal"));
      limitFileSize(server, String(size + room));
      return;
    }
    for (let size = bytes; size >= 4_096; size = Math.floor(size / 2)) {
      for (let i = 0; addFile(join(this.#root, `filler-${size}-${i}`), size); i++);
    }
  }

  /** Makes room again. */
  free(server: ServerProcess): void {
    if (!server.isRunning && !this.#isMounted) return;
    if (!this.#isMounted) return limitFileSize(server, "unlimited");
    const files = [...new Bun.Glob("filler-*").scanSync({ cwd: this.#root })];
    for (const file of files) unlinkSync(join(this.#root, file));
  }

  [Symbol.dispose](): void {
    if (this.#isMounted) succeeds("umount", "-l", this.#root);
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Adds a file of this size; returns false if there is no room. */
function addFile(path: string, size: number): boolean {
  try {
    writeFileSync(path, Buffer.alloc(size));
    return true;
  } catch {
    rmSync(path, { force: true });
    return false;
  }
}

function limitFileSize(server: ServerProcess, limit: string): void {
  // Only the soft limit: the hard one could not be raised again.
  if (!succeeds("prlimit", "--pid", String(server.pid), `--fsize=${limit}:`)) {
    throw new Error("prlimit failed");
  }
}

function succeeds(...command: string[]): boolean {
  try {
    return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    return false;
  }
}
