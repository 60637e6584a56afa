// The example devices with the compiled server: their reports are stored, an operator's question is answered, and they come back
// after the server was killed, and after they were removed from it.

import { Database } from "bun:sqlite";
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { RawDevice } from "../../e2e/raw-device.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { freePort, run, serverBinary, startServer } from "../../e2e/server-process.ts";
import { TemporaryFolder } from "../../e2e/temporary-folder.ts";
import { compileDevice, DeviceProcess, languages } from "./device-process.ts";

setDefaultTimeout(testTimeoutMs);
beforeAll(compileDevice);

/** The messages of all stored reports, in order. */
function storedIn(folder: TemporaryFolder): string[] {
  using database = new Database(folder.join("iot_server.db"), { readonly: true });
  return database
    .query<{ time: string; message: string }, []>(
      "SELECT time, message FROM data ORDER BY sequence",
    )
    .all()
    .map(({ time, message }) => `${time} ${message}`);
}

test.each(languages)("the device in %s with the server", async (language) => {
  using folder = new TemporaryFolder();
  using own = new TemporaryFolder();
  const args = ["--shared-ip", "--no-http"];
  const identity = { id: "pi1", mac: "02:00:00:00:00:01", ownPort: await freePort() };
  let server = await startServer({ folder: folder.path, args });
  const { port } = server;
  await using device = new DeviceProcess(language, own.path, port, identity);
  const stored = (more: number) => {
    const before = storedIn(folder).length;
    return until(`${more} more reports`, () => storedIn(folder).length >= before + more);
  };
  try {
    await stored(2);
    const answer = await run(serverBinary, ["query", "pi1", "temp"], folder.path);
    expect([answer.code, answer.stdout]).toEqual([0, "temp=21.5\n"]);

    for (const [command, code, result] of [
      ["set relay=on", 0, "relay=on\n"],
      ["dance", 1, "unknown command"],
    ] as const) {
      const call = ["command", "pi1", command, "--wait", "20s"];
      const ended = await run(serverBinary, call, folder.path);
      expect([command, ended.code]).toEqual([command, code]);
      expect(ended.stdout + ended.stderr).toContain(result);
    }
    // What a command gave is no report.
    expect(storedIn(folder).filter((text) => text.includes("relay"))).toEqual([]);

    await server.stop("SIGKILL");
    server = await startServer({ folder: folder.path, args, port });
    await stored(2);

    using raw = await RawDevice.open(port);
    const removal = ["DEREGISTER", "pi1", "correct horse", identity.mac, "127.0.0.1"].join("\t");
    expect(await raw.code(`${removal}\t${identity.ownPort}`)).toBe("20");
    await stored(2);
    const all = storedIn(folder);
    expect(new Set(all).size).toBe(all.length);
    expect(device.stderr).toBe("");
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
