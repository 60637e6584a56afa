// Standard output that breaks under the compiled programs: a full disk, a reader that has gone. What only prints ends;
// what has other work does it; the exit code and two lines tell.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "./polling.ts";
import {
  clientBinary,
  freePort,
  run,
  serverBinary,
  type ServerProcess,
  startServer,
} from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const folder = new TemporaryFolder();
let server: ServerProcess;

/** Runs a command line with `$server` and `$client`; `>&4` is a pipe whose reader has gone. */
function shell(line: string) {
  const script = `rm -f pipe; mkfifo pipe; exec 3<>pipe 4>pipe 3>&-; ${line}`;
  const env = {
    server: serverBinary,
    client: clientBinary,
    IOT_SERVER: `127.0.0.1:${server.port}`,
    IOT_ID: "z",
    IOT_PASSWORD: "correct-horse",
  };
  return run("sh", ["-c", script], folder.path, { env });
}

async function reports(): Promise<number> {
  return Number((await shell(`"$server" reports z --last 1000 --json | wc -l`)).stdout);
}

beforeAll(async () => {
  server = await startServer({ folder: folder.path });
  const begun = await shell(`"$client" register && "$client" login && "$client" send first`);
  expect(begun.code).toBe(0);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const readers = [
  `"$server" --help`,
  `"$server" --version`,
  `"$server" devices`,
  `"$server" devices --json`,
  `"$server" reports z`,
  `"$server" reports z --json`,
  `"$server" export reports`,
  `"$server" export devices --format ndjson`,
  `"$server" check`,
  `"$server" fingerprint`,
  `"$server" open`,
  `"$client" --help`,
  `"$client" --version`,
  `"$client" query list`,
  `"$client" query report z --json`,
];

test.each(readers)(
  "%s ends with 5 on a full disk, quietly with 141 without a reader",
  async (line) => {
    const full = await shell(`${line} >/dev/full`);
    expect([full.code, full.stderr]).toEqual([
      5,
      "error: The output cannot be written (ENOSPC).\n" +
        "  What it has is incomplete. Make room, or write it to another place.\n",
    ]);
    const closed = await shell(`${line} >&4`);
    expect([closed.code, closed.stderr]).toEqual([141, ""]);
  },
);

test.each([
  ["/dev/full", "error: The output cannot be written (ENOSPC)."],
  ["&4", "error: The reader of the output has gone."],
])("send reports every line with its output at %s, and then ends with 5", async (to, says) => {
  const before = await reports();
  const sent = await shell(`seq 1 20 | "$client" send >${to}`);
  expect(sent.code).toBe(5);
  expect(sent.stderr.split("\n")[0]).toBe(says);
  expect(sent.stderr.trimEnd().split("\n")).toHaveLength(2);
  expect(await reports()).toBe(before + 20);
});

test("an unsent line outweighs a broken output", async () => {
  const sent = await shell(`head -c 2000 /dev/zero | tr '\\0' x | "$client" send >/dev/full`);
  expect(sent.code).toBe(1);
});

test.each([`"$client" status --json`, `"$client" login`, `"$server" backup copy.db`])(
  "%s does its work and ends with 5",
  async (line) => {
    const ended = await shell(`${line} >/dev/full`);
    expect(ended.code).toBe(5);
    expect(ended.stderr).toContain("error: The output cannot be written (ENOSPC).\n");
    expect(ended.stderr).not.toContain("node:fs");
  },
);

test("the menu carries out its script", async () => {
  const script = ["1", "02:00:00:00:00:09", "127.0.0.9", "1999", "bsmith", "password", "7"];
  const menu = `"$client" z 127.0.0.1 ${server.port} ${await freePort()}`;
  const ended = await shell(`printf '%s\\n' ${script.join(" ")} | ${menu} >/dev/full`);
  expect(ended.code).toBe(5);
  expect((await shell(`"$server" devices`)).stdout).toContain("bsmith");
});

test("the server serves although nobody can read what it says", async () => {
  using place = new TemporaryFolder();
  const script = `echo starts; exec "$0" "$@" >/dev/full 2>/dev/full`;
  await using mute = await startServer({ folder: place.path, runBy: ["sh", "-c", script] });
  const env = { IOT_PASSWORD: "correct-horse", IOT_SERVER: `127.0.0.1:${mute.port}` };
  const ended = await run(clientBinary, ["register", "--id", "a"], place.path, { env });
  expect(ended.code).toBe(0);
  expect(await mute.stop()).toBe(0);
});
