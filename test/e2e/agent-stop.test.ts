// The end of the compiled agent: what it has is delivered to a server that is back, and a hanging command is ended.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs, until, within } from "./polling.ts";
import { freePort, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

async function agent(
  folder: TemporaryFolder,
  port: number,
  args: string[] = [],
): Promise<ClientProcess> {
  const where = ["--id", "asmith", "--server", `127.0.0.1:${port}`];
  const own = ["--port", String(await freePort())];
  const env = { IOT_PASSWORD: "password" };
  return new ClientProcess(folder.path, ["run", ...where, ...own, ...args], env);
}

test.each(["sealed", "text"])(
  "SIGTERM with the server just back: nothing is left, %s",
  async (kind) => {
    using folder = new TemporaryFolder();
    const port = await freePort();
    const first = await startServer({ folder: folder.path, port });
    await using device = await agent(folder, port, kind === "text" ? ["--text"] : []);
    await device.says("70 logged in");
    await first.stop();
    for (let n = 0; n < 35; n++) device.line(`report ${n}`);
    await device.says("no answer from the server; 35 reports waiting");
    await using server = await startServer({ folder: folder.path, port });
    expect(await device.stop()).toBe(0);
    expect(device.stdout.trimEnd()).toEndWith("80 logged off");
    expect(await server.stop()).toBe(0);
  },
);

test("a --report command that hangs does not delay the end, and ends with its children", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const command = "sh -c 'echo $$ > child; exec sleep 600' | cat";
  await using device = await agent(folder, server.port, ["--report", command]);
  await device.says("70 logged in");
  const child = await until("the child", () => Number(folder.text("child").trim()));
  // Shorter than the 30 s after which the command would be killed anyway.
  expect(await within("the end of the agent", device.stop())).toBe(0);
  await until("the end of the child", () => !isRunning(child));
});

function isRunning(pid: number): boolean {
  try {
    // A process that has ended but was not waited for yet has state Z.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
