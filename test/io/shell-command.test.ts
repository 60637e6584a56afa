// Shell commands of the agent: their output and its bound, their environment, their timeout, and how they fail.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runShellCommand as run } from "../../lib/io/shell-command.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const never = new AbortController().signal;

const runShellCommand = (
  line: string,
  variables: Record<string, string>,
  timeoutMs: number,
  bytesMax: number,
) => run(line, variables, timeoutMs, bytesMax, never);

test("the output of a command, and variables that the shell does not expand twice", async () => {
  const variables = { IOT_QUERY_ID: "$(echo no) `echo no`; echo no" };
  expect(await runShellCommand('echo "$IOT_QUERY_ID"', variables, 60_000, 1_000)).toEqual({
    ok: true,
    output: "$(echo no) `echo no`; echo no\n",
  });
});

test("an endless output is cut, and the command is ended", async () => {
  const result = await runShellCommand("yes", {}, 60_000, 10);
  expect(result).toEqual({ ok: true, output: "y\ny\ny\ny\ny\n" });
});

test("the output of a failing command is discarded", async () => {
  const result = await runShellCommand("echo half; exit 3", {}, 60_000, 1_000);
  expect(result).toEqual({ ok: false, reason: "ended with exit code 3" });
});

test("a command that takes too long is ended with its child processes", async () => {
  const result = await runShellCommand("sleep 600 | cat", {}, 50, 1_000);
  expect(result).toEqual({ ok: false, reason: "took longer than 50 ms" });
});

test("the password is not in a command's environment", async () => {
  process.env["IOT_PASSWORD"] = "secret";
  const result = await runShellCommand("env", {}, 60_000, 100_000);
  delete process.env["IOT_PASSWORD"];
  expect(result.ok && result.output).not.toContain("secret");
});

test("output is cut between characters", async () => {
  const result = await runShellCommand("printf 'ab€cd'", {}, 60_000, 4);
  expect(result).toEqual({ ok: true, output: "ab" });
});

test.each(["before", "after"])(
  "a signal %s the start ends a command with its children",
  async (when) => {
    const stop = new AbortController();
    if (when === "before") stop.abort();
    const result = run("echo started; sleep 600 | cat", {}, 60_000, 1_000, stop.signal);
    stop.abort();
    expect(await result).toEqual({ ok: false, reason: "is not waited for" });
  },
);
