// Version 1.0.0 on the other side, in text, as its compiled programs were recorded (test/fixtures): its client knows no commands and
// waits until it is approved, its server answers a question for commands with 62. Sealed, 1.0 and this version do not understand each other.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { ackOf, hashOf, RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

/** The lines of a recording: a mark and what follows it. */
function recorded(name: string): { readonly mark: string; readonly text: string }[] {
  const lines = readFileSync(join(import.meta.dir, "../fixtures", name), "utf8").split("\n");
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ mark: line.slice(0, 1), text: line.slice(2) }));
}

test.each([
  ["client-1.0.0-command.txt", []],
  ["client-1.0.0-approval.txt", ["--join", "approve"]],
])("a client of 1.0.0 gets what it got: %s", async (name, args) => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, args: ["--no-http", ...args] });
  using client = await RawDevice.open(server.port);
  const iot = (words: string) => run(serverBinary, words.split(" "), folder.path);
  let sent = "";
  for (const { mark, text } of recorded(name)) {
    if (mark === ">") client.send((sent = text));
    if (mark === "!") expect(await iot(text)).toMatchObject({ code: 0, stderr: "" });
    if (mark === "?") {
      const [words = "", awaited = ""] = text.split(": ");
      await until(text, async () => (await iot(words)).stdout.includes(awaited));
    }
    if (mark === "<") {
      const heard = await client.next(text);
      const ack = ackOf(heard);
      if (ack === null) expect(heard).toBe(text);
      else {
        expect(["ACK", ack.code, ...(ack.reason === undefined ? [] : [ack.reason])]).toEqual(
          text.split("\t"),
        );
        expect(ack.hash).toBe(hashOf(sent));
      }
    }
  }
  expect(client.heard).toEqual([]);
});

/** A server that answers a type of request as a recorded one did. */
async function recordedServer(name: string) {
  const answers = new Map<string, string>();
  let type = "";
  for (const { mark, text } of recorded(name)) {
    if (mark === ">") type = text.split("\t")[0] as string;
    else answers.set(type, text);
  }
  const seen: string[] = [];
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data(own, bytes, port, ip) {
        const request = bytes.toString();
        const [asked = ""] = request.split("\t");
        seen.push(request);
        own.send(answers.get(asked)?.replace("HASH", hashOf(request)) ?? "", port, ip);
      },
      error() {},
    },
  });
  return { seen, port: socket.port, [Symbol.dispose]: () => socket.close() };
}

test("a server of 1.0.0 knows no commands: the device reports, asks once, and sleeps", async () => {
  using folder = new TemporaryFolder();
  using server = await recordedServer("server-1.0.0-wake.txt");
  const facts = ["--id", "pi1", "--mac", "02:00:00:00:00:01", "--ip", "192.0.2.7"];
  const does = ["--report", "echo temp=21.5", "--on-command", "cat", "--heartbeat", "1h"];
  const args = ["wake", ...facts, ...does, "--text", "--server", `127.0.0.1:${server.port}`];
  await using client = new ClientProcess(folder.path, args, { IOT_PASSWORD: "correct-horse" });
  expect(await client.ended()).toBe(0);
  expect(client.stderr).toBe("");
  const types = server.seen.map((text) => text.split("\t").slice(0, 2).join(" "));
  expect(types.filter((type) => type.startsWith("QUERY"))).toEqual(["QUERY 04"]);
  expect(server.seen.filter((text) => text.endsWith("\ttemp=21.5"))).toHaveLength(1);
});
