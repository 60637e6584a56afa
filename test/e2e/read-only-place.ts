// A folder that can be made read-only: for root by a read-only mount, or for another user, who is bound by the folder's
// mode.

import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const isRoot = process.getuid?.() === 0;

export class ReadOnlyPlace implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "iot-e2e-"));
  /** The command prefix under which the place is read-only. */
  readonly runBy: string[];
  readonly #isMounted: boolean;

  constructor() {
    const mayMount = isRoot && process.env["IOT_NO_MOUNT"] === undefined;
    this.#isMounted =
      mayMount && succeeds("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", this.path);
    const byMode = isRoot && !this.#isMounted;
    this.runBy = byMode ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  }

  /** From now on nothing can be written here. */
  close(): void {
    if (this.#isMounted) {
      if (!succeeds("mount", "-o", "remount,ro", this.path)) throw new Error("remount failed");
      return;
    }
    for (const name of readdirSync(this.path, { recursive: true }) as string[]) {
      chmodSync(join(this.path, name), name === "log" ? 0o555 : 0o444);
    }
    chmodSync(this.path, 0o555);
  }

  [Symbol.dispose](): void {
    if (this.#isMounted) succeeds("umount", this.path);
    else for (const folder of [this.path, join(this.path, "log")]) chmodSync(folder, 0o755);
    rmSync(this.path, { recursive: true, force: true });
  }
}

function succeeds(...command: string[]): boolean {
  try {
    return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    return false;
  }
}
