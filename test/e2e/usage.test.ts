// The command line: usage errors, --help, --version, the environment, and that no file in the working directory
// configures anything.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, freePort, root, run, serverBinary, startServer } from "./server-process.ts";
import { verbsOf } from "../../lib/config/server-verbs.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const { version } = (await Bun.file(`${root}/package.json`).json()) as { version: string };

describe("a wrong call ends with exit code 2, says what is wrong, and creates no file", () => {
  const calls: readonly (readonly [args: string, says: string])[] = [
    ["", "port is missing"],
    ["0", '"0"'],
    ["65536", '"65536"'],
    ["-1", '"-1"'],
    ["90x", '"90x"'],
    ["9000 9001", '"9001"'],
    ["9000 --no-such", "--no-such"],
    ["9000 -x", "-x"],
    ["--no-such", "--no-such"],
    ["9000 --host localhost", '"localhost"'],
    ["9000 --log-level loud", '"loud"'],
    ["9000 --offline-after soon", '"soon"'],
    ["9000 --retain 90", "Write 90d for days, 90h for hours, 90s for seconds."],
    ["9000 --db", "--db"],
    ["9000 --last 5", "--last"],
    ["query", "id is missing"],
    ["query a b c", '"c"'],
    ["query a/b", '"a/b"'],
    ["devices a extra", '"extra"'],
    ["reports", "id is missing"],
    ["reports a --last none", '"none"'],
    ["reports a --since someday", '"someday"'],
    ["frobnicate", '"frobnicate"'],
  ];
  for (const [args, says] of calls) {
    test(`iot-server ${args}`, async () => {
      using folder = new TemporaryFolder();
      const ended = await run(serverBinary, args.split(" ").filter(Boolean), folder.path);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain(says);
      const lines = ended.stderr.split("\n").filter((line) => line !== "");
      expect(lines).toHaveLength(2);
      expect(folder.names()).toEqual([]);
    });
  }
});

test("--help fits a screen: the commands' pages 24 lines, the main page 36, all of 80 columns", async () => {
  using folder = new TemporaryFolder();
  const first = await run(serverBinary, ["--help"], folder.path);
  expect(first.stdout).toContain("IOT_");
  const commands = /Also: ([^.]+)\./.exec(first.stdout)?.[1]?.split(/,\s+/) ?? [];
  expect(commands).toContain("reports");
  const pages = commands.map((command) => run(serverBinary, [command, "--help"], folder.path));
  for (const page of [first, ...(await Promise.all(pages))]) {
    const { code, stdout, stderr } = page;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(page === first ? 35 : 23);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toContain("iot-server ");
  }
  expect(folder.names()).toEqual([]);
});

test("the page of a command with verbs has the form of each of them", async () => {
  using folder = new TemporaryFolder();
  for (const command of ["alert", "join", "devices", "mqtt"]) {
    const { stdout } = await run(serverBinary, [command, "--help"], folder.path);
    const forms = stdout.split("\n\n")[1] ?? "";
    expect(verbsOf(command).filter((verb) => !forms.includes(verb))).toEqual([]);
  }
});

test("--version prints the version of the package", async () => {
  using folder = new TemporaryFolder();
  const ended = await run(serverBinary, ["--version"], folder.path);
  expect(ended).toEqual({ code: 0, stdout: `iot-server ${version}\n`, stderr: "" });
});

test("each flag has an environment variable that does the same", async () => {
  using folder = new TemporaryFolder();
  const env = {
    IOT_HOST: "127.0.0.1",
    IOT_DB: "other.db",
    IOT_LOG_DIR: "records",
    IOT_LOG_LEVEL: "debug",
    IOT_SHARED_IP: "1",
    IOT_OFFLINE_AFTER: "1h",
    IOT_RETAIN: "90d",
  };
  await using server = await startServer({ folder: folder.path, env });
  expect(server.stdout).toContain("127.0.0.1");
  using device = await RawDevice.open(server.port);
  const first = newIdentity();
  expect(await device.code(register(first))).toBe("00");
  expect(await device.code(register(newIdentity({ ip: first.ip })))).toBe("00");
  expect(await server.stop()).toBe(0);
  expect(folder.names()).toContain("other.db");
  expect(folder.names()).toContain("records");
  expect(folder.names()).not.toContain("log");
});

test("a flag takes precedence over its variable", async () => {
  using folder = new TemporaryFolder();
  const env = { IOT_DB: "variable.db", IOT_LOG_DIR: "variable" };
  const args = ["--db", "flag.db", "--log-dir", "flag"];
  await using server = await startServer({ folder: folder.path, env, args });
  expect(folder.names().filter((name) => name.startsWith("variable"))).toEqual([]);
  expect(folder.names()).toContain("flag.db");
  expect(await server.stop()).toBe(0);
});

test("a wrong variable is a usage error, like a wrong flag", async () => {
  using folder = new TemporaryFolder();
  const env = { IOT_SHARED_IP: "perhaps" };
  const ended = await run(serverBinary, ["9000"], folder.path, { env });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain("IOT_SHARED_IP");
});

test(".env and bunfig.toml in the working directory are not read", async () => {
  using folder = new TemporaryFolder();
  const trap = "require('node:fs').writeFileSync('trapped', '')";
  writeFileSync(folder.join(".env"), "IOT_DB=trapped.db\nIOT_LOG_DIR=trapped-log\n");
  writeFileSync(folder.join("bunfig.toml"), 'preload = ["./trap.js"]\n');
  writeFileSync(folder.join("trap.js"), trap);
  await using server = await startServer({ folder: folder.path, port: await freePort() });
  using device = await RawDevice.open(server.port);
  expect(await device.code(login(newIdentity()))).toBe("31");
  expect(await server.stop()).toBe(0);
  expect(folder.names().filter((name) => name.startsWith("trapped"))).toEqual([]);
  expect(folder.names()).toContain("iot_server.db");
});

test("the client takes its options from a file, and tells what it has from where", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, args: ["--no-http"] });
  const text = `id = "pi1"\nserver = "127.0.0.1:${server.port}"\ntext = true\n`;
  writeFileSync(folder.join("pi1.toml"), text);
  const env = { IOT_PASSWORD: "correct-horse", IOT_CLIENT_CONFIG: "pi1.toml" };
  const client = (...args: string[]) => run(clientBinary, args, folder.path, { env });
  expect(await client("register")).toMatchObject({ code: 0, stdout: "00 registered\n" });
  expect(await client("login", "--config", "pi1.toml")).toMatchObject({ code: 0 });
  const { stdout } = await client("config", "--id", "pi2");
  expect(stdout).toMatch(/^id = "pi2" +# --id\nserver = "127\.0\.0\.1:\d+" +# pi1\.toml\n/);
  expect(await client("login", "--config", "missing.toml")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("There is no configuration file missing.toml."),
  });
});
