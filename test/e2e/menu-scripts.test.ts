// The two scripts of the project, piped into the compiled client, against the compiled server: sealed, which is the
// client's default, and in text.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { data, newIdentity } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, freePort, root, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

/** Plays a script; returns the code of each answer. Every output line must be an answer. */
async function play(
  script: string,
  folder: TemporaryFolder,
  port: number,
  flags: readonly string[] = [],
): Promise<string[]> {
  const stdin = Bun.file(join(root, "test/fixtures", script));
  const args = ["asmith", "127.0.0.1", String(port), String(await freePort()), ...flags];
  const ended = await run(clientBinary, args, folder.path, { stdin });
  expect({ code: ended.code, stderr: ended.stderr.replace(/^The key of .*\n/, "") }).toEqual({
    code: 0,
    stderr: "",
  });
  return ended.stdout
    .trimEnd()
    .split("\n")
    .map((line) => /^\d\d(?= \w)/.exec(line)?.[0] ?? line);
}

for (const flags of [[], ["--text"]]) {
  const how = flags.length === 0 ? "sealed" : "in text";

  test(`${how}, Register gives 00 00 00 00 12 13 00 20 30 21, and Login afterwards 70 70 80`, async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    const registers = ["00", "00", "00", "00", "12", "13", "00"];
    const deregisters = ["20", "30", "21"];
    expect(await play("Register", folder, server.port, flags)).toEqual([
      ...registers,
      ...deregisters,
    ]);
    expect(await play("Login", folder, server.port, flags)).toEqual(["70", "70", "80"]);
    // One of the devices is still logged in.
    const { stdout } = await run(serverBinary, ["devices"], folder.path);
    expect(stdout.match(/ online/g)).toHaveLength(1);
    expect(stdout).toMatch(/offline since .*logged off/);
    expect(stdout).not.toContain("dsmith");
    expect(await server.stop()).toBe(0);
  });

  test(`${how}, Login without Register is refused, and a second Register finds the devices of the first`, async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    expect(await play("Login", folder, server.port, flags)).toEqual(["31", "31", "31"]);
    await play("Register", folder, server.port, flags);
    const again = await play("Register", folder, server.port, flags);
    expect(again.slice(0, 7)).toEqual(["01", "01", "01", "00", "12", "11", "01"]);
    expect(again.slice(7)).toEqual(["20", "30", "21"]);
  });
}

test("a report in text for the device that Login left logged in is accepted from the same address", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await play("Register", folder, server.port, ["--text"]);
  await play("Login", folder, server.port, ["--text"]);
  using device = await RawDevice.open(server.port);
  expect(await device.code(data(newIdentity({ id: "bsmith" }), "20.5"))).toBe("50");
  expect(await device.code(data(newIdentity({ id: "asmith" }), "20.5"))).toBe("51");
});
