// `iot-server devices ID`, `devices --online`, `password ID` and `deregister ID`: beside a running server and without one.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type Identity, login, newIdentity, register, status } from "./datagrams.ts";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const call = (folder: TemporaryFolder, line: string, stdin = "") =>
  run(serverBinary, line.split(" "), folder.path, { stdin: new Blob([stdin]) });

test("all is told of one device, and --online lists those that are logged in", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const [here, away] = [newIdentity(), newIdentity()];
  for (const identity of [here, away]) await device.code(register(identity));
  await device.code(login(here));
  expect(await call(folder, `label ${here.id} area=Kitchen`)).toMatchObject({ code: 0 });
  const told = await call(folder, `devices ${here.id}`);
  expect(told).toMatchObject({ code: 0, stderr: "" });
  expect(told.stdout).toStartWith(`${here.id}\n  presence   online\n`);
  for (const words of ["transport  text", "labels     area=Kitchen", `MAC        ${here.mac}`])
    expect(told.stdout).toContain(words);
  const json = await call(folder, `devices ${here.id} --json`);
  expect(JSON.parse(json.stdout)).toMatchObject({ id: here.id, online: true });
  const nobody = await call(folder, "devices nobody");
  expect(nobody).toMatchObject({ code: 1, stdout: "" });
  expect(nobody.stderr).toContain("No device nobody is registered.");
  const online = await call(folder, "devices --online --json");
  expect(online.stdout.trim().split("\n")).toHaveLength(1);
  expect(online.stdout).toContain(here.id);
  const neither = await call(folder, "devices --online --select area=Cellar");
  expect(neither.stdout).toContain("No device is meant by area=Cellar,presence=online.");
});

test("another password ends the session, and the old one opens none, also after a restart", async () => {
  using folder = new TemporaryFolder();
  const identity = newIdentity();
  const renewed: Identity = { ...identity, password: "a-new-one" };
  {
    await using server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    await device.code(register(identity));
    expect(await device.code(login(identity))).toBe("70");
    const changed = await call(folder, `password ${identity.id}`, `${renewed.password}\nmore`);
    expect(changed).toMatchObject({ code: 0, stderr: "" });
    expect(changed.stdout).toStartWith(`${identity.id} has another password`);
    expect(await device.code(status(identity))).toBe("41");
    expect(await device.code(login(identity))).toBe("31");
    expect(await device.code(login(renewed))).toBe("70");
    expect(await server.stop()).toBe(0);
    expect(folder.text("log/Activity.log")).not.toContain(renewed.password);
  }
  // Without a server it is changed in the database.
  const back = await call(folder, `password ${identity.id}`, `${identity.password}\r\n`);
  expect(back).toMatchObject({ code: 0, stderr: "" });
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  expect(await device.code(login(renewed))).toBe("31");
  expect(await device.code(login(identity))).toBe("70");
});

test("the ticket of a sealed device is void after another password", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const own = ["--id", "pi1", "--server", `127.0.0.1:${server.port}`, "--mac", "mac-of-pi1"];
  const at = [...own, "--port", String(await freePort())];
  const env = { IOT_PASSWORD: "password" };
  {
    await using agent = new ClientProcess(folder.path, ["run", ...at], env);
    await agent.says("70 logged in");
    expect(await call(folder, "password pi1", "a-new-one\n")).toMatchObject({ code: 0 });
    // A report finds the session gone; a RESUME with the ticket would open another one.
    agent.line("21 degrees");
    await agent.says("31 ");
    expect(agent.stdout.split("70 logged in")).toHaveLength(2);
  }
  const old = await run(clientBinary, ["login", ...at], folder.path, { env });
  expect(old.stdout).toStartWith("31 ");
  const renewed = { IOT_PASSWORD: "a-new-one" };
  const login2 = await run(clientBinary, ["login", ...at], folder.path, { env: renewed });
  expect(login2.stdout).toBe("70 logged in\n");
});

test("a password that is none, or for nobody, changes nothing", async () => {
  using folder = new TemporaryFolder();
  {
    await using server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    const identity = newIdentity();
    await device.code(register(identity));
    const empty = await call(folder, `password ${identity.id}`);
    expect(empty).toMatchObject({ code: 2, stdout: "" });
    expect(empty.stderr).toContain("There is no password.");
    const wrong = await call(folder, `password ${identity.id}`, "a\tb\n");
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(await call(folder, "password nobody", "a-new-one\n")).toMatchObject({ code: 1 });
    expect(await device.code(login(identity))).toBe("70");
    await server.stop();
  }
  using empty = new TemporaryFolder();
  for (const line of ["password nobody", "deregister nobody"]) {
    expect(await call(empty, line, "a-new-one\n")).toMatchObject({ code: 1, stdout: "" });
    expect(empty.names()).toEqual([]);
  }
});

test("a device is deregistered by the running server, or in the database", async () => {
  using folder = new TemporaryFolder();
  const [first, second] = [newIdentity(), newIdentity()];
  {
    await using server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    for (const identity of [first, second]) await device.code(register(identity));
    await device.code(login(first));
    const done = await call(folder, `deregister ${first.id}`);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(await device.code(status(first))).toBe("41");
    expect(await device.code(login(first))).toBe("31");
    expect(await call(folder, `deregister ${first.id}`)).toMatchObject({ code: 1, stdout: "" });
    await server.stop();
  }
  expect(await call(folder, `deregister ${second.id}`)).toMatchObject({ code: 0, stderr: "" });
  expect((await call(folder, "devices")).stdout).toBe("No devices are registered yet.\n");
});
