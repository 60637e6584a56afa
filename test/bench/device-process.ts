// The compiled client as a device of its own: a folder for its key and spool, and an id. Measures nothing.

import { adopt, BenchError } from "./children.ts";
import { freePort } from "./server-process.ts";

const id = "backlog";

/** A device that reaches the server, or a relay before it, at a port. */
export class DeviceProcess {
  private constructor(
    private readonly client: string,
    private readonly folder: string,
    private readonly flags: readonly string[],
  ) {}

  /**
   * @param client the compiled client
   * @param folder its home
   * @param isText whether it sends without encryption
   */
  static async prepare(client: string, folder: string, isText: boolean): Promise<DeviceProcess> {
    const own = ["--id", id, "--ip", "127.0.0.1", "--port", String(await freePort())];
    return new DeviceProcess(client, folder, isText ? [...own, "--text"] : own);
  }

  /** Starts a command of the client. @param words the command and its flags */
  start(port: number, words: readonly string[]): RunningDevice {
    const command = [this.client, ...words, "--server", `127.0.0.1:${port}`, ...this.flags];
    const child = adopt(
      Bun.spawn(command, {
        cwd: this.folder,
        env: { PATH: process.env.PATH, HOME: this.folder, IOT_PASSWORD: "password" },
        stdio: ["pipe", "pipe", "pipe"],
      }),
    );
    return { child, said: Promise.all([child.stdout.text(), child.stderr.text()]) };
  }

  /** Registers and logs in. @throws BenchError if that is refused */
  async logIn(port: number): Promise<void> {
    for (const word of ["register", "login"]) {
      const { child, said } = this.start(port, [word]);
      const texts = await said;
      if ((await child.exited) !== 0) {
        throw new BenchError(`The client's ${word} failed: ${texts.join("")}`);
      }
    }
  }
}

/** A client that runs. */
export type RunningDevice = {
  readonly child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  /** What it wrote until its end: output and errors. */
  readonly said: Promise<readonly [string, string]>;
};
