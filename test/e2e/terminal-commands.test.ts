// The compiled commands on a real terminal: the password prompt, the agent and ^C, and errors in colour for client and
// server.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { key, TerminalProcess } from "./terminal-process.ts";

setDefaultTimeout(testTimeoutMs);

const password = "no-eye-has-seen-it";
const prompt = "Password: ";

test("a command asks for the password and does not echo it", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const args = ["--id", "asmith", "--server", `127.0.0.1:${server.port}`];
  {
    await using register = new TerminalProcess(clientBinary, ["register", ...args], folder.path);
    await register.answer(prompt, "");
    await register.shows("password must be");
    await register.answer(prompt, `${password}x${key.backspace}`);
    expect(await register.ended()).toBe(0);
    // The last output may be read after the end.
    await register.shows("00 registered");
    expect(register.written).not.toContain(password.slice(0, 3));
    expect(register.isCooked).toBe(true);
  }
  // What was typed is the password, without what was taken back.
  const env = { IOT_PASSWORD: password };
  const login = await run(clientBinary, ["login", ...args], folder.path, { env });
  expect(login).toMatchObject({ code: 0, stdout: "70 logged in\n" });
});

for (const [name, keys] of [
  ["^C", key.interrupt],
  ["^D", key.end],
] as const) {
  test(`${name} at the password prompt: exit code 2, and nothing is sent to the server`, async () => {
    using folder = new TemporaryFolder();
    using server = await RawDevice.open(9);
    const args = ["login", "--id", "a", "--server", `127.0.0.1:${server.port}`];
    await using login = new TerminalProcess(clientBinary, args, folder.path);
    await login.prompts(prompt);
    login.type(`abc`);
    // ^D ends the input on an empty line only.
    if (keys === key.end) login.type(key.backspace.repeat(3));
    login.type(keys);
    expect(await login.ended()).toBe(2);
    expect(login.isCooked).toBe(true);
    await login.shows("Set IOT_PASSWORD");
    expect(server.heard).toEqual([]);
  });
}

test("the agent asks for its password, reports typed lines, and logs off at ^C", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const args = ["run", "--id", "asmith", "--server", `127.0.0.1:${server.port}`];
  const port = ["--port", String(await freePort())];
  await using agent = new TerminalProcess(clientBinary, [...args, ...port], folder.path);
  await agent.answer(prompt, password);
  await agent.shows("70 logged in");
  agent.type(`temp=21.5${key.enter}`);
  agent.type("half a line");
  await agent.prompts("half a line");
  agent.type(key.interrupt);
  expect(await agent.ended()).toBe(0);
  await agent.shows("80 logged off");
  expect(agent.isCooked).toBe(true);
  expect(agent.written).not.toContain(password);
  const reports = await run(serverBinary, ["reports", "asmith"], folder.path);
  expect(reports.stdout).toContain("temp=21.5");
  expect(reports.stdout).not.toContain("half a line");
});

test("errors are red on a terminal, and without colour if NO_COLOR is set", async () => {
  using folder = new TemporaryFolder();
  for (const binary of [clientBinary, serverBinary]) {
    for (const [env, word] of [
      [{}, "\u001b[31merror\u001b[39m"],
      [{ NO_COLOR: "1" }, "error: "],
    ] as const) {
      await using program = new TerminalProcess(binary, ["--no-such"], folder.path, { env });
      expect(await program.ended()).toBe(2);
      await program.shows('Unknown option "--no-such".');
      expect(program.written).toContain(word);
      expect(program.screen.lines.filter((line) => line !== "")).toHaveLength(2);
    }
  }
});
