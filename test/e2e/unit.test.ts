// `iot-server install` and `uninstall`: the unit, which systemd-analyze reads, and files of others, which stay.

import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { testTimeoutMs } from "./polling.ts";
import { run, serverBinary } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const call = (folder: TemporaryFolder, ...args: string[]) => run(serverBinary, args, folder.path);
const userUnit = ".config/systemd/user/iot-server.service";

/** What systemd finds wrong with a unit. */
async function faults(folder: TemporaryFolder, text: string, how: "--system" | "--user") {
  const unit = folder.join("iot-server.service");
  writeFileSync(unit, text);
  const env = { XDG_RUNTIME_DIR: folder.path };
  const checked = await run("systemd-analyze", [how, "verify", unit], folder.path, { env });
  // Units of the machine that the test runs on are not its subject.
  const said = (checked.stdout + checked.stderr).split("\n");
  return { code: checked.code, said: said.filter((line) => line.includes("iot-server")) };
}

test("the printed unit is one that systemd takes, with the options as they were given", async () => {
  using folder = new TemporaryFolder();
  const args = ["9000", "--retain", "90d", "--psk-file", "a b/50%$", "--http-name=x"];
  const printed = await call(folder, "install", ...args, "--print");
  expect(printed.code).toBe(0);
  const start = printed.stdout.split("\n").find((line) => line.startsWith("ExecStart="));
  expect(start).toBe(
    `ExecStart=${serverBinary} 9000 --retain 90d --psk-file "${folder.path}/a b/50%%$$" --http-name=x --log-dir /var/log/iot-server`,
  );
  expect(printed.stdout).toContain("Type=notify\n");
  expect(printed.stdout).toContain("DynamicUser=yes\n");
  expect(await faults(folder, printed.stdout, "--system")).toEqual({ code: 0, said: [] });
  const low = await call(folder, "install", "443", "--print", "--log-to", "stdout");
  expect(low.stdout).toContain("AmbientCapabilities=CAP_NET_BIND_SERVICE\n");
  expect(low.stdout).not.toContain("--log-dir");
  expect(await faults(folder, low.stdout, "--system")).toEqual({ code: 0, said: [] });
  const user = await call(folder, "install", "9000", "--print", "--user");
  expect(user).toMatchObject({ code: 0, stderr: "" });
  expect(user.stdout).not.toContain("DynamicUser");
  expect(await faults(folder, user.stdout, "--user")).toEqual({ code: 0, said: [] });
  const env = { IOT_RETAIN: "90d", IOT_PORT: "7" };
  const warned = await run(serverBinary, ["install", "9000", "--print"], folder.path, { env });
  expect(warned.stderr).toContain("warning: IOT_RETAIN: set here, and not for the service.");
  // The check of this test finds what is wrong.
  const wrong = await faults(folder, user.stdout.replace("Type=notify", "Typ=notify"), "--user");
  expect(wrong.said.join()).toContain("Typ");
});

test("a unit of the user is written, replaced and removed; that of others is not", async () => {
  using folder = new TemporaryFolder();
  const written = await call(folder, "install", "9000", "--user");
  expect(written).toMatchObject({ code: 0, stderr: "" });
  expect(written.stdout).toContain("systemctl --user enable --now iot-server");
  expect(folder.text(userUnit)).toContain("ExecStart=");
  expect(await call(folder, "install", "9001", "--user")).toMatchObject({ code: 0 });
  expect(folder.text(userUnit)).toContain(" 9001\n");
  const wants = folder.join(".config/systemd/user/default.target.wants");
  mkdirSync(wants);
  symlinkSync(folder.join(userUnit), `${wants}/iot-server.service`);
  const enabled = await call(folder, "uninstall", "--user");
  expect(enabled).toMatchObject({ code: 1, stdout: "" });
  expect(enabled.stderr).toContain("systemctl --user disable --now iot-server");
  rmSync(wants, { recursive: true });
  expect(await call(folder, "uninstall", "--user")).toMatchObject({ code: 0, stderr: "" });
  expect(folder.files()).not.toContain(userUnit);
  expect(await call(folder, "uninstall", "--user")).toMatchObject({ code: 1, stdout: "" });
  writeFileSync(folder.join(userUnit), "[Unit]\n");
  for (const args of [
    ["install", "9000", "--user"],
    ["uninstall", "--user"],
  ]) {
    const refused = await call(folder, ...args);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("was not written by iot-server install.");
  }
  expect(folder.text(userUnit)).toBe("[Unit]\n");
});

test("what a service could not use is refused", async () => {
  using folder = new TemporaryFolder();
  const program = folder.join("iot-server");
  copyFileSync(serverBinary, program);
  // A service of the system has a /tmp of its own, and no /home.
  const hidden = await run(program, ["install", "9000"], folder.path);
  expect(hidden).toMatchObject({ code: 1, stdout: "" });
  expect(hidden.stderr).toContain("/usr/local/bin/");
  const wrong = await call(folder, "install", "9000", "--retain", "90", "--print");
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(await call(folder, "install", "--print")).toMatchObject({ code: 2, stdout: "" });
});
