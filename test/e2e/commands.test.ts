// Commands with the compiled programs: given while the device listens and while it is away, and carried out once although both sides are
// killed.

import { existsSync, readFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

/** Notes each run in a file, and waits in it if the command says so. */
const program = `printf '%s %s|' "$IOT_COMMAND_NUMBER" "$IOT_COMMAND" >> runs
  test "$IOT_COMMAND" = "$(cat)" || exit 9
  case "$IOT_COMMAND" in hang) exec 2>/dev/null; sleep 600;; fail) echo broken; exit 3;; *) echo "ran $IOT_COMMAND";; esac`;

function agent(folder: TemporaryFolder, port: number, own: number, more: readonly string[] = []) {
  const args = ["run", "--id", "pi1", "--server", `127.0.0.1:${port}`, "--port", String(own)];
  const env = { IOT_PASSWORD: "password" };
  return new ClientProcess(folder.path, [...args, "--on-command", program, ...more], env);
}

const runsIn = (folder: TemporaryFolder) =>
  existsSync(folder.join("runs")) ? readFileSync(folder.join("runs"), "utf8") : "";

test.each(["in text", "sealed"])("a device carries out what it is given, %s", async (how) => {
  const flags = how === "in text" ? ["--text"] : [];
  using folder = new TemporaryFolder();
  const own = await freePort();
  await using server = await startServer({ folder: folder.path });
  const iot = (...args: string[]) => run(serverBinary, args, folder.path);
  {
    await using device = agent(folder, server.port, own, flags);
    await device.says("logged in");
    const done = await iot("command", "pi1", "set", "relay=on", "--wait", "20s");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout.split("\n").slice(0, 2)).toEqual([
      "1 queued for pi1, online",
      "1 done by pi1: ran set relay=on",
    ]);
    const failed = await iot("command", "pi1", "fail", "--wait", "20s", "--json");
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      number: 2,
      state: "failed",
      code: "15",
      result: "broken",
      late: false,
    });
    expect(await device.stop()).toBe(0);
  }
  // What is given to a device that is away waits for it, also in a stopped server.
  expect((await iot("command", "pi1", "one")).stdout).toContain("3 queued for pi1, offline");
  expect(await server.stop()).toBe(0);
  expect((await iot("command", "pi1", "two")).stdout).toContain("4 queued for pi1");
  expect((await iot("commands")).stdout.trimEnd().split("\n")).toHaveLength(3);
  await using again = await startServer({ folder: folder.path, port: server.port });
  await using device = agent(folder, again.port, own, flags);
  await until("both commands to be done", async () => {
    const { stdout } = await iot("commands", "--all", "--json");
    const states = stdout
      .trimEnd()
      .split("\n")
      .map((line) => String(JSON.parse(line).state));
    return states.filter((state) => state === "done").length === 3;
  });
  expect(runsIn(folder)).toBe("1 set relay=on|2 fail|3 one|4 two|");
  expect((await iot("reports", "pi1")).stdout).toBe("No reports of pi1.\n");
  expect(await device.stop()).toBe(0);
});

test("killed in the middle of a command, a device says so and does not begin it again", async () => {
  using folder = new TemporaryFolder();
  const own = await freePort();
  await using server = await startServer({ folder: folder.path });
  const iot = (...args: string[]) => run(serverBinary, args, folder.path);
  {
    await using device = agent(folder, server.port, own);
    await device.says("logged in");
    await iot("command", "pi1", "hang");
    await until("the command to begin", () => runsIn(folder) !== "");
    await device.stop("SIGKILL");
  }
  await using device = agent(folder, server.port, own, ["--heartbeat", "2s"]);
  await device.says("* command 1 was interrupted when this program ended, and is not begun again");
  const result = await until("the end of the command", async () => {
    const [line = ""] = (await iot("commands", "--all", "--json")).stdout.split("\n");
    const row = JSON.parse(line);
    return row.ended === null ? null : row;
  });
  expect(result).toMatchObject({ state: "failed", code: "15", result: "interrupted" });
  // The server is killed, too, and the next command is carried out all the same.
  await server.stop("SIGKILL");
  await using again = await startServer({ folder: folder.path, port: server.port });
  expect((await iot("command", "pi1", "on", "--wait", "60s")).code).toBe(0);
  expect(again.port).toBe(server.port);
  expect(runsIn(folder)).toBe("1 hang|2 on|");
  expect(await device.stop()).toBe(0);
});
