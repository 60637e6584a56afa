// The two scripts that the project brings, through the pipe into the compiled client, against the compiled server.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { data, newIdentity } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, freePort, root, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

/** Plays a script; gives the codes at the beginnings of the lines that are answers. */
async function play(script: string, folder: TemporaryFolder, port: number): Promise<string[]> {
  const stdin = Bun.file(join(root, "test/fixtures", script));
  const args = ["asmith", "127.0.0.1", String(port), String(await freePort())];
  const ended = await run(clientBinary, args, folder.path, { stdin });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).not.toContain("password\n");
  return ended.stdout.split("\n").flatMap((line) => /^\d\d(?= )/.exec(line)?.[0] ?? []);
}

test("Register gives 00 00 00 00 12 13 00 20 30 21, and Login then 70 70 80", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const registers = ["00", "00", "00", "00", "12", "13", "00"];
  expect(await play("Register", folder, server.port)).toEqual([...registers, "20", "30", "21"]);
  expect(await play("Login", folder, server.port)).toEqual(["70", "70", "80"]);
  // Who stayed logged in, and who did not.
  const { stdout } = await run(serverBinary, ["devices"], folder.path);
  expect(stdout.match(/ online$/gm)).toHaveLength(1);
  expect(stdout).toMatch(/offline since .*logged off/);
  expect(stdout).not.toContain("dsmith");
  expect(await server.stop()).toBe(0);
});

test("Register played twice says that all is as it was, and Login without Register is refused", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  expect(await play("Login", folder, server.port)).toEqual(["31", "31", "31"]);
  await play("Register", folder, server.port);
  const again = await play("Register", folder, server.port);
  expect(again).toEqual(["01", "01", "01", "00", "12", "11", "01", "20", "30", "21"]);
});

test("a report of the device that Login left logged in is taken from the same address", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await play("Register", folder, server.port);
  await play("Login", folder, server.port);
  using device = await RawDevice.open(server.port);
  expect(await device.code(data(newIdentity({ id: "bsmith" }), "20.5"))).toBe("50");
  expect(await device.code(data(newIdentity({ id: "asmith" }), "20.5"))).toBe("51");
});
