// The compiled send of a pipe on a terminal: a bar in place of thousands of lines, one line at the end, a clean end at ^C.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs, until } from "./polling.ts";
import { clientBinary, run, type ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { TerminalProcess } from "./terminal-process.ts";

setDefaultTimeout(testTimeoutMs);

const env = (server: ServerProcess) => ({
  IOT_ID: "asmith",
  IOT_PASSWORD: "correct-horse",
  IOT_SERVER: `127.0.0.1:${server.port}`,
});

async function loggedIn(folder: TemporaryFolder): Promise<ServerProcess> {
  const server = await startServer({ folder: folder.path });
  for (const command of ["register", "login"]) {
    const ended = await run(clientBinary, [command], folder.path, { env: env(server) });
    expect(ended.code).toBe(0);
  }
  return server;
}

/** Runs a line of shell on a terminal; `$0` is the client. */
function shell(folder: TemporaryFolder, server: ServerProcess, line: string, columns: number) {
  const args = ["-c", line, clientBinary];
  return new TerminalProcess("sh", args, folder.path, { columns, env: env(server) });
}

const shownBy = ({ screen }: TerminalProcess) => screen.lines.filter((line) => line !== "");

test.each([80, 40])("in %d columns there is a bar, and one line at the end", async (columns) => {
  using folder = new TemporaryFolder();
  await using server = await loggedIn(folder);
  await using send = shell(folder, server, 'seq 1 30000 | "$0" send', columns);
  const bar = await until("a bar", () => /\[[.#]+\] [\d,]+ stored, [\d,.]+\/s/.exec(send.written));
  expect(bar[0].length).toBeLessThan(columns);
  expect(shownBy(send)).toHaveLength(1);
  expect(await send.ended()).toBe(0);
  await until("the end of the output", () => send.written.endsWith("\n"));
  expect(shownBy(send)).toEqual([expect.stringMatching(/^30,000 stored in [\d.]+ s, [\d,]+\/s$/)]);
  expect(send.written).not.toContain("50 data stored");
});

test("what is not sent is above the bar; a file shows its share", async () => {
  using folder = new TemporaryFolder();
  await using server = await loggedIn(folder);
  const input = `seq 1 3000 >in; printf 'a\\377b\\n' >>in; seq 3002 20000 >>in; "$0" send <in`;
  await using send = shell(folder, server, input, 80);
  await until("a share", () => /stored(, [\d,.]+\/s)?, \d+%/.test(send.written));
  expect(await send.ended()).toBe(1);
  await until("the end of the output", () => send.written.includes("refused or not sent"));
  expect(shownBy(send)).toEqual([
    "line 3001 is not sent: it is not UTF-8",
    expect.stringMatching(/^19,999 stored in [\d.]+ s, [\d,]+\/s; 1 refused or not sent$/),
  ]);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s leaves no bar and says how far it is, and ends the process as it would another",
  async (signal) => {
    using folder = new TemporaryFolder();
    await using server = await loggedIn(folder);
    // The terminal of these tests sends no signals at ^C. With exec the program is the process that gets this one.
    const line = 'seq 1 1000000 >in; exec "$0" send <in';
    await using send = shell(folder, server, line, 80);
    await until("a rate", () => /[1-9][\d,]* stored, [\d,.]+\/s/.test(send.written));
    send.signal(signal);
    expect(await send.ended()).toBe(signal === "SIGINT" ? 130 : 143);
    const [stopped, stored] = await until("two lines", () => {
      const shown = shownBy(send);
      return shown.length === 2 && send.written.endsWith("\n") ? shown : null;
    });
    const said = /^stopped at line (\d+): all lines before it were answered$/.exec(stopped ?? "");
    expect(stored).toStartWith(`${(Number(said?.[1]) - 1).toLocaleString("en")} stored in `);
  },
);

test("--json prints its lines on a terminal, too", async () => {
  using folder = new TemporaryFolder();
  await using server = await loggedIn(folder);
  await using send = shell(folder, server, 'seq 1 3 | "$0" send --json', 200);
  expect(await send.ended()).toBe(0);
  await until("three lines", () => shownBy(send).length === 3);
  for (const line of shownBy(send)) expect(JSON.parse(line)).toMatchObject({ verdict: "done" });
});
