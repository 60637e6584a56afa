// The example devices do with each code what PROTOCOL.md says, and carry out commands once, against a server that follows a
// script.

import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "../../../lib/protocol/decode.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { freePort } from "../../e2e/server-process.ts";
import { TemporaryFolder } from "../../e2e/temporary-folder.ts";
import { compileDevice, DeviceProcess, examples, languages } from "./device-process.ts";
import { ScriptedServer } from "./scripted-server.ts";

setDefaultTimeout(testTimeoutMs);
beforeAll(compileDevice);

test.each(["device.c", "device.py"])("%s has at most 150 lines", (name) => {
  const lines = readFileSync(join(examples, name), "utf8").split("\n");
  expect(lines.length - 1).toBeLessThanOrEqual(150);
  expect(lines.filter((line) => line.length > 130)).toEqual([]);
});

/** A server, and a device that is started when the server has its script. */
async function bench(language: (typeof languages)[number]) {
  const server = await ScriptedServer.open();
  const folder = new TemporaryFolder();
  const ownPort = await freePort();
  const started: DeviceProcess[] = [];
  return {
    server,
    ownPort,
    /** Starts the device, also once more after its end. */
    async start(): Promise<DeviceProcess> {
      await started.at(-1)?.[Symbol.asyncDispose]();
      const identity = { id: "pi1", mac: "02:00:00:00:00:01", ownPort };
      const device = new DeviceProcess(language, folder.path, server.port, identity);
      started.push(device);
      return device;
    },
    async [Symbol.asyncDispose]() {
      for (const device of started) await device[Symbol.asyncDispose]();
      server[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Waits until so many datagrams that begin so have come. */
function heard(server: ScriptedServer, start: string, count: number): Promise<string[]> {
  return until(`${count} of ${start}`, () => {
    const all = server.all(start);
    return all.length >= count ? all : null;
  });
}

function command(number: number, message: string): string {
  return `STATUS\t10\tserver\t#${number}\t${message.length}\t${message}`;
}

describe.each(languages)("the device in %s", (language) => {
  test("logs in, registers where that is needed, beats first, and reports; all is well-formed", async () => {
    await using it = await bench(language);
    it.server.answer({ LOGIN: ["31"] });
    await it.start();
    const reports = await heard(it.server, "DATA", 3);
    const verbs = it.server.heard.map(({ text }) => text.split("\t")[0]);
    expect(verbs.slice(0, 5)).toEqual(["LOGIN", "REGISTER", "LOGIN", "STATUS", "DATA"]);
    expect(new Set(reports).size).toBe(reports.length);
    expect(it.server.all("STATUS")[0]).toMatch(/\t17\theartbeat every=1$/);
    for (const { text } of it.server.heard)
      expect([text, decode(Buffer.from(text)).ok]).toEqual([text, true]);
  });

  test("51 and 41: it logs in and sends the same bytes again; 90: it leaves the report out", async () => {
    await using it = await bench(language);
    it.server.answer({ DATA: ["51", "50", "90"], STATUS: ["40", "41"] });
    const device = await it.start();
    const [first, again, refused, next] = await heard(it.server, "DATA", 4);
    expect(again).toBe(first as string);
    expect([refused, next]).not.toContain(first);
    expect(next).not.toBe(refused as string);
    await heard(it.server, "LOGIN", 3);
    await until("the refusal on its console", () =>
      device.stderr.includes("because of the script"),
    );
  });

  test("silence, 93 and 95: the same bytes again after 2 to 3 s, then twice that", async () => {
    await using it = await bench(language);
    it.server.answer({ LOGIN: [null, "93"], DATA: ["95"] });
    await it.start();
    const reports = await heard(it.server, "DATA", 3);
    const logins = it.server.heard.filter(({ text }) => text.startsWith("LOGIN"));
    expect(new Set(logins.map(({ text }) => text)).size).toBe(1);
    const [a = 0, b = 0, c = 0] = logins.map(({ at }) => at);
    expect(b - a).toBeGreaterThan(1_900);
    expect(c - b).toBeGreaterThan(3_900);
    expect(reports[1]).toBe(reports[0] as string);
    // What was measured in the meantime was kept.
    expect(reports[2]).not.toBe(reports[1] as string);
  });

  test("31 after a REGISTER, 12 and 94 end it, with the code on its console", async () => {
    for (const [codes, code] of [
      [{ LOGIN: ["31", "31"] }, "31"],
      [{ LOGIN: ["31"], REGISTER: ["12"] }, "12"],
      [{ LOGIN: ["94"] }, "94"],
    ] as const) {
      await using it = await bench(language);
      it.server.answer(codes);
      const device = await it.start();
      expect(await device.exited).toBe(1);
      expect(device.stderr).toContain(code);
      expect(it.server.all("DATA")).toEqual([]);
    }
  });

  test("a late ACK of the request before is no ACK of this one", async () => {
    await using it = await bench(language);
    let late: (() => void) | null = null;
    let first = "";
    it.server.script = (request, verb) => {
      if (verb !== "DATA") return undefined;
      const { from } = it.server.heard.at(-1) as (typeof it.server.heard)[number];
      if (first === "") {
        first = request;
        const text = `ACK\t50\tpi1\t2026-11-28:10:00:00\t${Bun.SHA256.hash(request, "hex")}`;
        late = () => it.server.send(text, from.port);
        return undefined;
      }
      if (request === first) return undefined;
      late?.();
      late = null;
      return it.server.all(request).length > 1 ? undefined : null;
    };
    await it.start();
    const [, second, repeat] = await heard(it.server, "DATA", 3);
    expect(repeat).toBe(second as string);
  });

  test("answers a question of the server with its time", async () => {
    await using it = await bench(language);
    await it.start();
    await heard(it.server, "DATA", 1);
    const time = "2026-11-28:10:00:00.123";
    it.server.send(`QUERY\t01\tserver\t127.0.0.1\t${it.server.port}\t${time}\tpi1`, it.ownPort);
    expect(await heard(it.server, `DATA\t01\tpi1\t${time}\t`, 1)).toEqual([
      `DATA\t01\tpi1\t${time}\t9\ttemp=21.5`,
    ]);
  });

  test("carries out a command once: a repeat gets the old result, also after a restart", async () => {
    await using it = await bench(language);
    await it.start();
    await heard(it.server, "STATUS", 1);
    const relay = command(42, "set relay=on");
    it.server.send(relay, it.ownPort);
    const result = "DATA\t01\tpi1\t#42\t8\trelay=on";
    expect(await heard(it.server, "DATA\t01\tpi1\t#42", 1)).toEqual([result]);
    // Another text under the same number shows that it is not carried out again.
    const again = command(42, "dance");
    it.server.send(again, it.ownPort);
    expect(await heard(it.server, "DATA\t01\tpi1\t#42", 2)).toEqual([result, result]);
    const beats = it.server.all("STATUS").length;
    await it.start();
    await heard(it.server, "STATUS", beats + 1);
    it.server.send(again, it.ownPort);
    expect(await heard(it.server, "DATA\t01\tpi1\t#42", 3)).toEqual([result, result, result]);
    it.server.send(command(43, "dance"), it.ownPort);
    expect(await heard(it.server, "DATA\t16\tpi1\t#43", 1)).toHaveLength(1);
    const acks = language === "C" ? [] : [Bun.SHA256.hash(relay, "hex")];
    expect(
      it.server
        .all("ACK\t40\tserver")
        .slice(0, 1)
        .map((text) => text.split("\t")[4]),
    ).toEqual(acks);
  });

  test("the result of a command is sent until it is acknowledged", async () => {
    await using it = await bench(language);
    it.server.script = (request, verb) => {
      if (verb !== "DATA" || !request.includes("\t#7\t")) return undefined;
      return ["51", "93"][it.server.all("DATA\t01\tpi1\t#7").length - 1];
    };
    await it.start();
    await heard(it.server, "STATUS", 1);
    it.server.send(command(7, "set relay=off"), it.ownPort);
    const results = await heard(it.server, "DATA\t01\tpi1\t#7", 3);
    expect(new Set(results).size).toBe(1);
  });
});

test("a command during which the device in MicroPython ends is not carried out again: 15, interrupted", async () => {
  await using it = await bench("MicroPython");
  const device = await it.start();
  await heard(it.server, "STATUS", 1);
  it.server.send(command(42, "crash"), it.ownPort);
  expect(await device.exited).toBe(9);
  const beats = it.server.all("STATUS").length;
  await it.start();
  await heard(it.server, "STATUS", beats + 1);
  it.server.send(command(42, "crash"), it.ownPort);
  expect(await heard(it.server, "DATA\t15\tpi1\t#42", 1)).toEqual([
    "DATA\t15\tpi1\t#42\t11\tinterrupted",
  ]);
});
