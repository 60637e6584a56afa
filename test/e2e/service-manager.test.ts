// What the server tells systemd (sd_notify), with a manager that the test plays: ready, alive, how it is, reloading, stopping.

import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { login, newIdentity, register } from "./datagrams.ts";
import { NotifySocket } from "./notify-socket.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

for (const kind of ["a path", "an abstract name"]) {
  test(`a server says that it is ready, lives, reloads and stops, to ${kind}`, async () => {
    using folder = new TemporaryFolder();
    const path = kind === "a path" ? folder.join("notify") : `@iot-notify-${process.pid}`;
    using manager = new NotifySocket(path);
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000" };
    await using server = await startServer({ folder: folder.path, env });
    await manager.says("READY=1");
    expect(manager.messages[0]).toBe(`READY=1\nSTATUS=Serves UDP ${server.port}, 0 online`);
    await manager.says("WATCHDOG=1");
    server.signal("SIGHUP");
    await manager.says(/^MONOTONIC_USEC=\d+$/);
    await until("ready again", () => {
      manager.read();
      return manager.messages.filter((message) => message.startsWith("READY=1")).length === 2;
    });
    expect(await server.stop()).toBe(0);
    await manager.says("STOPPING=1");
    expect(manager.messages.at(-1)).toStartWith("STOPPING=1\nSTATUS=");
    expect(manager.messages.filter((message) => message.startsWith("RELOADING=1"))).toHaveLength(1);
  });
}

test("a manager that has gone, an address that is none, or another's watchdog stops no server", async () => {
  using folder = new TemporaryFolder();
  const gone = { NOTIFY_SOCKET: folder.join("gone"), WATCHDOG_USEC: "1000" };
  const long = { NOTIFY_SOCKET: `/${"x".repeat(200)}` };
  for (const env of [gone, long, { NOTIFY_SOCKET: "tcp:9" }]) {
    await using server = await startServer({ folder: folder.path, env });
    expect(await server.stop()).toBe(0);
    expect(server.stderr).toBe("");
  }
  using manager = new NotifySocket(folder.join("notify"));
  const others = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" };
  await using server = await startServer({ folder: folder.path, env: others });
  await manager.says("READY=1");
  expect(await server.stop()).toBe(0);
  manager.read();
  expect(manager.messages.join("\n")).not.toContain("WATCHDOG");
});

test("SIGHUP takes up what may change of the file, and says what may not or is wrong", async () => {
  using folder = new TemporaryFolder();
  using manager = new NotifySocket(folder.join("notify"));
  const [settings, log] = [folder.join("iot.toml"), () => folder.text("log/Activity.log")];
  writeFileSync(settings, 'log-level = "warn"\n');
  const env = { NOTIFY_SOCKET: manager.path };
  await using server = await startServer({
    folder: folder.path,
    env,
    args: ["--config", settings],
  });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  const reload = async (text: string, words: string) => {
    writeFileSync(settings, text);
    server.signal("SIGHUP");
    await until(`"${words}" in the log`, () => log().includes(words));
  };
  expect(log()).not.toContain(identity.id);
  await reload('log-level = "debug"\n', "SIGHUP: changed now: log-level");
  expect(await device.code(login(identity))).toBe("70");
  await until("a debug line", () => log().includes(`LOGIN ${identity.id}`));
  await reload(
    'log-level = "debug"\nretain = "90d"\nrequire-encryption = true\n',
    "a restart: retain",
  );
  expect(log()).toContain("SIGHUP: changed now: require-encryption");
  expect(await device.code(login(identity))).toBe("94");
  await reload('log-level = "loud"\nretian = "1d"\n', "all settings stay as they are.");
  expect(log()).toContain("Did you mean retain?");
  expect(await device.code(login(identity))).toBe("94");
  await reload("", "changed now: log-level, require-encryption");
  expect(await device.code(login(identity))).toBe("70");
  expect(await server.stop()).toBe(0);
  expect(server.stderr).toBe("");
});
