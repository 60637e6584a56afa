// Completions and manual pages of both programs: the shells and man read them, and they have every command and flag.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completionScript } from "../../../lib/cli/shell/completion.ts";
import { manPage } from "../../../lib/cli/shell/man-page.ts";
import { describedClient } from "../../../lib/config/described-client.ts";
import { describedServer } from "../../../lib/config/described-server.ts";
import type { Described } from "../../../lib/config/described.ts";
import { shellRequest, shells } from "../../../lib/config/shell-request.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const folder = mkdtempSync(join(tmpdir(), "iot-shells-"));
const programs = [describedServer(), describedClient()];

/** Runs a program of the machine; its output, and what it says is wrong. */
function run(...command: string[]): { said: string; wrong: string } {
  const env = { ...process.env, HOME: folder, MANWIDTH: "200", LC_ALL: "C.UTF-8" };
  const { stdout, stderr, exitCode } = Bun.spawnSync(command, { env, stdin: "ignore" });
  const wrong = stderr.toString() + (exitCode === 0 ? "" : `exit code ${exitCode}`);
  return { said: stdout.toString(), wrong };
}

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`);
  return path;
}

for (const program of programs) {
  for (const shell of shells) {
    test(`${shell} reads what it completes for ${program.name}, all commands and flags`, () => {
      const script = completionScript(shell, program);
      const path = fileOf(`${program.name}.${shell}`, script);
      expect(run(shell, "-n", path)).toEqual({ said: "", wrong: "" });
      for (const { name } of program.commands) expect(script).toContain(name);
      for (const { name } of program.flags)
        expect(script).toMatch(new RegExp(`(--|-l )${name}\\b`));
    });
  }

  test(`man shows the page of ${program.name}, without a warning`, () => {
    const path = fileOf(`${program.name}.1`, manPage(program, "1.2.3"));
    const { said, wrong } = run("man", "--warnings", "-l", path);
    expect(wrong).toBe("");
    for (const { name } of program.commands) expect(said).toContain(name);
    for (const { name, env } of program.flags) {
      expect(said).toContain(`--${name}`);
      expect(said).toContain(env ?? "");
    }
    for (const { example } of program.commands) expect(said).toContain(example ?? "");
    expect(said).toContain(`${program.name} 1.2.3`);
  });
}

/** What bash offers behind a line. */
function offeredByBash({ name }: Described, script: string, line: string): string[] {
  const words = line.split(" ");
  const call = `_${name.replace("-", "_")}`;
  const set = `COMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${words.length - 1}`;
  const { said, wrong } = run(
    "bash",
    "-c",
    `${script}\n${set}\n${call}\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  expect(wrong).toBe("");
  return said.split("\n").filter(Boolean).toSorted();
}

test("bash completes commands, the flags of a command, and no flags where a value is due", () => {
  const [server] = programs as [Described];
  const script = completionScript("bash", server);
  const offered = (line: string) => offeredByBash(server, script, line);
  expect(offered("iot-server rep")).toEqual(["reports"]);
  expect(offered("iot-server reports pi1 --la")).toEqual(["--last"]);
  expect(offered("iot-server reports pi1 --reta")).toEqual([]);
  expect(offered("iot-server 9000 --reta")).toEqual(["--retain"]);
  expect(offered("iot-server 9000 --retain ")).toEqual([]);
  expect(offered("iot-server completion ")).toEqual(["bash", "fish", "zsh"]);
});

test("fish completes commands, and the flags of a command", () => {
  const [server] = programs as [Described];
  const path = fileOf("tried.fish", completionScript("fish", server));
  const offered = (line: string) => {
    const { said, wrong } = run(
      "fish",
      "--no-config",
      "-c",
      `source ${path}; complete -C "${line}"`,
    );
    expect(wrong).toBe("");
    return said
      .split("\n")
      .filter(Boolean)
      .map((one) => one.split("\t")[0]);
  };
  expect(offered("iot-server rep")).toEqual(["reports"]);
  expect(offered("iot-server reports pi1 --las")).toEqual(["--last"]);
  expect(offered("iot-server reports pi1 --reta")).toEqual([]);
  expect(offered("iot-server 9000 --reta")).toEqual(["--retain"]);
});

test("the commands are told from others, and a wrong shell is refused with the nearest", () => {
  expect(shellRequest("iot-server", ["completion", "zsh"])).toEqual({
    command: "completion",
    shell: "zsh",
  });
  expect(shellRequest("iot-client", ["man"])).toEqual({ command: "man" });
  expect(shellRequest("iot-client", ["man", "--help"])).toEqual({
    command: "shell-help",
    of: "man",
  });
  expect(shellRequest("iot-client", ["9000"])).toBeNull();
  const refusal = (...args: string[]) => {
    try {
      shellRequest("iot-server", args);
    } catch (error) {
      return error;
    }
    throw new Error("nothing is wrong");
  };
  expect(refusal("completion")).toMatchObject({ exit: 2, message: "The shell is missing." });
  const near = { exit: 2, nextStep: expect.stringContaining("Did you mean fish?") };
  expect(refusal("completion", "fihs")).toMatchObject(near);
  expect(refusal("completion", "bash", "more")).toMatchObject({ exit: 2 });
  expect(refusal("man", "more")).toMatchObject({ exit: 2 });
});
