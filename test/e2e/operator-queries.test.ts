// `iot-server query`: the running server asks a device at its current address, takes and acknowledges its answer, and
// the command prints it, or says in words why there is none.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import {
  addressedData,
  data,
  type Identity,
  login,
  logoff,
  newIdentity,
  register,
} from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import {
  type Ended,
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
let device: RawDevice;

beforeAll(async () => {
  server = await startServer({ folder: folder.path, args: ["--shared-ip"] });
  device = await RawDevice.open(server.port);
});

afterAll(async () => {
  device[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function ask(...args: string[]): Promise<Ended> {
  return run(serverBinary, ["query", ...args], folder.path);
}

/** A device whose LOGIN states the port of a socket that listens; the LOGIN itself is sent from another port. */
async function listening(ip = "127.0.0.1"): Promise<[identity: Identity, port: RawDevice]> {
  const port = await RawDevice.open(server.port);
  const identity = newIdentity({ ip, port: port.port });
  await device.code(register(identity));
  expect(await device.code(login(identity))).toBe("70");
  return [identity, port];
}

/** Receives the server's addressed QUERY and returns its fields. */
async function questionTo(port: RawDevice): Promise<Record<string, string>> {
  const [verb, code, id, ip, replyPort, time, target] = (await port.next("a QUERY")).split("\t");
  return { verb, code, id, ip, replyPort, time, target } as Record<string, string>;
}

test("the question arrives as an addressed QUERY at the port of the LOGIN", async () => {
  const [identity, port] = await listening();
  const answered = ask(identity.id, "temperature");
  const question = await questionTo(port);
  expect(question).toMatchObject({
    verb: "QUERY",
    code: "01",
    id: "server",
    ip: "127.0.0.1",
    replyPort: String(server.port),
    target: "temperature",
  });
  expect(question["time"]).toMatch(/^\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d(\.\d{3})?$/);
  expect(device.heard).toEqual([]);
  // The answer is an addressed DATA with a time of the device's own.
  expect(await port.code(addressedData(identity, "21.5 °C", { time: "12:00" }))).toBe("50");
  expect(await answered).toEqual({ code: 0, stdout: "21.5 °C\n", stderr: "" });
  // It is no report, and neither is its repeat.
  expect(await port.code(addressedData(identity, "21.5 °C", { time: "12:00" }))).toBe("50");
  const reports = await run(serverBinary, ["reports", identity.id], folder.path);
  expect(reports.stdout).toBe(`No reports of ${identity.id}.\n`);
  port[Symbol.dispose]();
});

test("a plain DATA with the time of the QUERY is an answer too; another report in between is not", async () => {
  const [identity, port] = await listening();
  const answered = ask(identity.id, "42", "--json");
  const { code, target, time } = await questionTo(port);
  expect([code, target]).toEqual(["42", identity.id]);
  expect(await port.code(data(identity, "a report", { time: "1999-01-01:00:00:00" }))).toBe("50");
  expect(await port.code(data(identity, "the answer", { time: time as string }))).toBe("50");
  const { stdout, code: exit } = await answered;
  expect(JSON.parse(stdout)).toMatchObject({ id: identity.id, message: "the answer", time });
  expect(exit).toBe(0);
  port[Symbol.dispose]();
});

test("if the LOGIN states another ip than its source, the question goes to the address of the last packet", async () => {
  const [identity, port] = await listening("10.1.2.3");
  const answered = ask(identity.id);
  const { time } = await questionTo(device);
  expect(port.heard).toEqual([]);
  expect(await device.code(data(identity, "here", { time: time as string }))).toBe("50");
  expect((await answered).stdout).toBe("here\n");
  port[Symbol.dispose]();
});

test("the answer of a device cannot control the terminal", async () => {
  const [identity, port] = await listening();
  const answered = ask(identity.id);
  const { time } = await questionTo(port);
  await port.code(data(identity, "\u001b[2J\u202eevil", { time: time as string }));
  expect((await answered).stdout).toBe("\\x1b[2J\\u202eevil\n");
  port[Symbol.dispose]();
});

test("an unknown device and one that is not logged in are told in words, with exit code 1", async () => {
  const [identity, port] = await listening();
  port[Symbol.dispose]();
  await device.code(logoff(identity));
  expect(await ask("nobody")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "error: No device nobody is registered.\n  See iot-server devices for those that are.\n",
  });
  const away = await ask(identity.id);
  expect(away).toMatchObject({ code: 1, stdout: "" });
  expect(away.stderr).toContain(`${identity.id} is not logged in, so it cannot be asked.`);
  const { stdout } = await ask("nobody", "--json");
  expect(JSON.parse(stdout)).toEqual({ id: "nobody", code: "11", error: "unknown device" });
});

test("a device that does not answer is asked again, and then the exit code is 3", async () => {
  const [identity, port] = await listening();
  const answered = ask(identity.id);
  const first = await questionTo(port);
  expect(await questionTo(port)).toEqual(first);
  const silent = await answered;
  expect(silent).toMatchObject({ code: 3, stdout: "" });
  expect(silent.stderr).toContain(`${identity.id} is logged in and did not answer.`);
  port[Symbol.dispose]();
});

test("a device that logs off while it is asked ends the question", async () => {
  const [identity, port] = await listening();
  const answered = ask(identity.id);
  await questionTo(port);
  expect(await port.code(logoff(identity))).toBe("80");
  const ended = await answered;
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain("is not logged in");
  port[Symbol.dispose]();
});

test("without a running server the query says so and what to do, exit code 1", async () => {
  using elsewhere = new TemporaryFolder();
  const ended = await run(serverBinary, ["query", "nobody"], elsewhere.path);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(/No iot-server answers for .*iot_server\.db\./);
  expect(elsewhere.names()).toEqual([]);
});

for (const flags of [[], ["--text"]]) {
  const how = flags.length === 0 ? "sealed" : "in text";

  test(`the project's own agent answers any question, ${how}`, async () => {
    const id = `agent-${flags.length}`;
    const where = ["--id", id, "--server", `127.0.0.1:${server.port}`, "--mac", `mac-of-${id}`];
    const own = ["--ip", `127.0.0.${20 + flags.length}`, "--port", String(await freePort())];
    const answers = ["--on-query", 'echo "$IOT_QUERY_TARGET of $IOT_QUERY_ID"'];
    const env = { IOT_PASSWORD: "password" };
    const args = ["run", ...where, ...own, ...answers, ...flags];
    await using agent = new ClientProcess(folder.path, args, env);
    await agent.says("70 logged in");
    expect((await ask(id, "uptime")).stdout).toBe("uptime of server\n");
    expect((await ask(id)).stdout).toBe(`${id} of server\n`);
    expect(agent.stderr).toContain(`asked ${id} about uptime (01)`);
    expect(await agent.stop()).toBe(0);
  });
}
