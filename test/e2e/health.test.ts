// `iot-server status` and `health`: of a server with and without a dashboard, of one that fails, and of none.

import { expect, setDefaultTimeout, test } from "bun:test";
import { login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

for (const args of [[], ["--no-http"]]) {
  test(`a server ${args.join("") || "with a dashboard"} tells how it is, until it is gone`, async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path, args });
    using device = await RawDevice.open(server.port);
    const identity = newIdentity();
    await device.code(register(identity));
    await device.code(login(identity));
    const call = (line: string) => run(serverBinary, line.split(" "), folder.path);
    expect(await call("health")).toEqual({ code: 0, stdout: "ok\n", stderr: "" });
    const told = await call("status --json");
    expect(JSON.parse(told.stdout)).toMatchObject({
      port: server.port,
      health: { status: "ok", why: null },
      devices: { registered: 1, online: 1 },
    });
    const { stdout } = await call("status");
    expect(stdout).toContain(`has served UDP ${server.port} for `);
    expect(stdout).toContain("1 registered, 1 online");
    await server.stop("SIGKILL");
    // The socket file is still there.
    expect(folder.names()).toContain("iot_server.db.sock");
    expect(await call("health")).toMatchObject({ code: 3, stdout: "" });
    const gone = await call("status");
    expect(gone.stderr).toMatch(/No iot-server answers for .*iot_server\.db\./);
  });
}

test("health waits for a server that starts", async () => {
  using folder = new TemporaryFolder();
  const waiting = run(serverBinary, ["health", "--wait", "60s"], folder.path);
  await using server = await startServer({ folder: folder.path });
  expect(await waiting).toEqual({ code: 0, stdout: "ok\n", stderr: "" });
  expect(await server.stop()).toBe(0);
  const none = await run(serverBinary, ["health", "--wait", "10ms"], folder.path);
  expect(none).toMatchObject({ code: 3, stdout: "" });
  const wrong = await run(serverBinary, ["health", "--wait", "10"], folder.path);
  expect(wrong.stderr).toContain("--wait");
});
