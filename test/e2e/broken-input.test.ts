// Standard input that cannot be read, or is not there: two lines and no trace, and what was read before is sent.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs } from "./polling.ts";
import { clientBinary, freePort, run, type ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const folder = new TemporaryFolder();
let server: ServerProcess;
const env = () => ({
  IOT_SERVER: `127.0.0.1:${server.port}`,
  IOT_ID: "z",
  IOT_PASSWORD: "correct-horse",
});

/** Runs the client in a shell with a redirection of its input. */
function client(args: string, input: string) {
  return run("sh", ["-c", `"$0" ${args} ${input}`, clientBinary], folder.path, { env: env() });
}

beforeAll(async () => {
  server = await startServer({ folder: folder.path });
  expect((await client("register", "")).code).toBe(0);
  expect((await client("login", "")).code).toBe(0);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test.each([
  ["send", "</", "EISDIR"],
  ["send", "0>write-only", "EBADF"],
  ["run", "</", "EISDIR"],
  ["menu", "</", "EISDIR"],
  ["menu", "0>write-only", "EBADF"],
])("%s %s is refused", async (command, input, code) => {
  const menu = `z 127.0.0.1 ${server.port} ${await freePort()}`;
  const ended = await client(command === "menu" ? menu : command, input);
  expect([ended.code, ended.stderr]).toEqual([
    1,
    `error: Standard input cannot be read (${code}).\n` +
      "  Give a file, a pipe or a terminal; </dev/null for no input.\n",
  ]);
});

test("a closed input has no lines", async () => {
  expect(await client("send", "<&-")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("an agent goes on without its input", async () => {
  const runBy = ["sh", "-c", 'exec "$0" "$@" 0>write-only'];
  await using agent = new ClientProcess(folder.path, ["run"], env(), runBy);
  await agent.says("Standard input cannot be read (EBADF).");
  await agent.says("logged in");
});
