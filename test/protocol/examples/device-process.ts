// The devices of lib/protocol/examples as processes: device.c compiled with warnings as errors and the sanitizers, device.py
// in MicroPython. Each runs in a folder of its own, in which it remembers commands. Knows nothing of messages.

import { join } from "node:path";
import { root } from "../../e2e/server-process.ts";
import { TemporaryFolder } from "../../e2e/temporary-folder.ts";

export const examples = join(root, "lib/protocol/examples");

const compiled = new TemporaryFolder();
process.on("exit", () => compiled[Symbol.dispose]());
const binary = compiled.join("device");

/** Compiles device.c. */
export function compileDevice(): void {
  const flags = "-std=c11 -O1 -Wall -Wextra -Wpedantic -Werror -fsanitize=address,undefined";
  const all = [...flags.split(" "), join(examples, "device.c"), "-o", binary];
  const { exitCode, stderr } = Bun.spawnSync(["gcc", ...all]);
  if (exitCode !== 0) throw new Error(`gcc: ${stderr.toString()}`);
}

export const languages = ["C", "MicroPython"] as const;
export type Language = (typeof languages)[number];

/** What a device is told of itself. */
export type Identity = { readonly id: string; readonly mac: string; readonly ownPort: number };

/** One device that runs; it reports and beats every second. */
export class DeviceProcess implements AsyncDisposable {
  stderr = "";
  readonly exited: Promise<number>;
  readonly #child: Bun.Subprocess<"ignore", "ignore", "pipe">;

  /** @param folder where it remembers commands */
  constructor(language: Language, folder: string, port: number, device: Identity) {
    const program =
      language === "C"
        ? [binary]
        : [process.execPath, join(import.meta.dir, "micropython-device.ts")];
    const own = [device.id, device.mac, "127.0.0.1", String(device.ownPort), "1"];
    this.#child = Bun.spawn([...program, "127.0.0.1", String(port), ...own], {
      cwd: folder,
      env: { ...process.env, IOT_PASSWORD: "correct horse" },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const read = this.#read();
    this.exited = Promise.all([this.#child.exited, read]).then(([code]) => code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.#child.stderr) {
      this.stderr += decoder.decode(bytes, { stream: true });
    }
  }
}
