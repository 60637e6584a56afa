// The compiled send with a pipe as its input: every line is stored exactly once and in order, with lost datagrams and with
// a server that is killed meanwhile; what cannot be sent is named.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { LossyRelay } from "./lossy-relay.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { clientBinary, type Ended, freePort, run, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const upTo = (last: number) => Array.from({ length: last }, (_, i) => String(i + 1));
const linesOf = (text: string) => text.split("\n").slice(0, -1);

/** The messages of the stored reports, in order. */
function storedIn(folder: TemporaryFolder): string[] {
  const database = new Database(folder.join("iot_server.db"), { readonly: true });
  try {
    const query = "SELECT message FROM data ORDER BY sequence";
    return database
      .query<{ message: string }, []>(query)
      .all()
      .map(({ message }) => message);
  } finally {
    database.close();
  }
}

/** The device's settings, for a server or what is before it on this machine. */
const device = (port: number) => ({
  IOT_ID: "asmith",
  IOT_PASSWORD: "correct-horse",
  IOT_SERVER: `127.0.0.1:${port}`,
});

async function logIn(folder: TemporaryFolder, port: number, flags: readonly string[] = []) {
  for (const command of ["register", "login"]) {
    const ended = await run(clientBinary, [command, ...flags], folder.path, { env: device(port) });
    expect(ended.code).toBe(0);
  }
}

function send(
  folder: TemporaryFolder,
  port: number,
  input: string,
  flags: readonly string[] = [],
): Promise<Ended> {
  const stdin = new Blob([input]);
  return run(clientBinary, ["send", ...flags], folder.path, { env: device(port), stdin });
}

test.each([
  { kind: "sealed", flags: [], lines: 10_000 },
  { kind: "text", flags: ["--text"], lines: 1_000 },
])("$kind: every line is stored once, in order, and has its line of output", async (sending) => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { flags, lines } = sending;
  await logIn(folder, server.port, flags);
  const ended = await send(folder, server.port, `${upTo(lines).join("\n")}\n`, flags);
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(linesOf(ended.stdout)).toEqual(upTo(lines).map(() => "50 data stored"));
  expect(storedIn(folder)).toEqual(upTo(lines));
});

test("equal lines are as many reports, and --json is a line for each", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await logIn(folder, server.port);
  const ended = await send(folder, server.port, "21.5\n".repeat(200), ["--json"]);
  expect(ended.code).toBe(0);
  const answers = linesOf(ended.stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(answers).toHaveLength(200);
  for (const answer of answers) {
    expect(answer).toMatchObject({ request: "send", id: "asmith", verdict: "done", code: "50" });
  }
  expect(storedIn(folder)).toEqual(Array.from({ length: 200 }, () => "21.5"));
});

test("lines that cannot be sent are named, those around them are stored in order", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await logIn(folder, server.port);
  const lines = upTo(30);
  lines[4] = "x".repeat(3_000);
  lines[11] = "";
  const ended = await send(folder, server.port, lines.join("\n"));
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^line 5 is not sent: 3000 bytes, of which \d+ fit\n$/);
  expect(storedIn(folder)).toEqual(upTo(30).filter((line) => line !== "5" && line !== "12"));
});

test("a line that is written alone is stored before the next one is there", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await logIn(folder, server.port);
  await using client = new ClientProcess(folder.path, ["send"], device(server.port));
  for (const line of upTo(3)) {
    client.line(line);
    await until("the line on the disk", () => storedIn(folder).includes(line));
  }
  expect(storedIn(folder)).toEqual(upTo(3));
});

test.each([
  { loss: 0.1, lines: 500 },
  { loss: 0.2, lines: 150 },
])("with $loss of the datagrams lost each way, each line is stored once, in order", async (net) => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await logIn(folder, server.port);
  using relay = await LossyRelay.open(server.port, net.loss, 5, { repeat: 0.05, reorder: 0.05 });
  const input = `${upTo(net.lines).join("\n")}\n`;
  // The first contact may be lost, too, which takes seconds each time.
  const ended = await send(folder, relay.port, input, ["--timeout", "65s"]);
  expect(ended.code).toBe(0);
  expect(linesOf(ended.stdout)).toHaveLength(net.lines);
  expect(storedIn(folder)).toEqual(upTo(net.lines));
  // News of a loss that is over at once would be a line for every few packets.
  expect(linesOf(ended.stderr).length).toBeLessThanOrEqual(8);
});

test("a server that is killed and started again meanwhile has each line once, in order", async () => {
  using folder = new TemporaryFolder();
  const port = await freePort();
  const first = await startServer({ folder: folder.path, port });
  await logIn(folder, port);
  await using client = new ClientProcess(folder.path, ["send", "--timeout", "65s"], device(port));
  const lines = 20_000;
  for (const line of upTo(lines)) client.line(line);
  await until("some lines on the disk", () => storedIn(folder).length > 500);
  await first.stop("SIGKILL");
  expect(storedIn(folder).length).toBeLessThan(lines);
  await using second = await startServer({ folder: folder.path, port });
  await client.says("50 data stored\n".repeat(lines), 60_000);
  expect(storedIn(folder)).toEqual(upTo(lines));
  expect(await client.stop("SIGKILL")).not.toBe(0);
  expect(await second.stop()).toBe(0);
});

test("a session that ends meanwhile stops it at the first line that was not stored", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await logIn(folder, server.port);
  await using client = new ClientProcess(folder.path, ["send"], device(server.port));
  client.line("1");
  await client.says("50 data stored");
  const off = await run(clientBinary, ["logoff"], folder.path, { env: device(server.port) });
  expect(off.code).toBe(0);
  for (const line of ["2", "3", "4"]) client.line(line);
  expect(await client.ended()).toBe(1);
  expect(client.stderr).toEndWith(
    "stopped at line 2: neither it nor a line after it was acknowledged\n",
  );
  expect(storedIn(folder)).toEqual(["1"]);
});
