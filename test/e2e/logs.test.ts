// The logs: one event is one line, whatever a peer sends; heartbeats are logged at debug only; no password is in a file
// or in a reply.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  data,
  deregister,
  login,
  logoff,
  newIdentity,
  query,
  register,
  status,
} from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const line =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO |WARN |ERROR) (\S+) (RECV|SEND|- {3}) \S.*$/;

/** Characters that must not be in a log: controls, and those that reverse or hide text. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function linesOf(folder: TemporaryFolder, name: string): string[] {
  const text = folder.text(name);
  if (text !== "") expect(text).toEndWith("\n");
  return text.split("\n").slice(0, -1);
}

test("each action is a line with time, level, peer, direction and words", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  const { id } = identity;
  await device.code(register(identity));
  await device.code(login({ ...identity, password: "not-the-one" }));
  await device.code(login(identity));
  await device.code(logoff(identity));
  await device.code(deregister(identity));
  await device.code("nonsense");
  await server.stop();

  const peer = `127.0.0.1:${device.port}`;
  const activity = linesOf(folder, "log/Activity.log");
  for (const it of activity) expect(it).toMatch(line);
  const told = activity.filter((it) => it.includes(peer)).map((it) => it.split(peer)[1] as string);
  expect(told).toEqual([
    expect.stringMatching(new RegExp(`^ RECV REGISTER ${id}`)),
    expect.stringMatching(new RegExp(`^ SEND 00 ${id} registered`)),
    expect.stringMatching(new RegExp(`^ RECV LOGIN ${id}`)),
    expect.stringMatching(new RegExp(`^ RECV LOGIN ${id}`)),
    expect.stringMatching(new RegExp(`^ SEND 70 ${id} logged in`)),
    expect.stringMatching(new RegExp(`^ RECV LOGOFF ${id}`)),
    expect.stringMatching(new RegExp(`^ SEND 80 ${id} logged off`)),
    expect.stringMatching(new RegExp(`^ RECV DEREGISTER ${id}`)),
    expect.stringMatching(new RegExp(`^ SEND 20 ${id} deregistered`)),
  ]);
  const errors = linesOf(folder, "log/error.log");
  for (const it of errors) expect(it).toMatch(line);
  expect(errors[0]).toContain(`LOGIN of ${id} refused: 31`);
  expect(errors[1]).toMatch(/refused a datagram of 8 bytes: 9[01]/);
  expect(errors).toHaveLength(2);
});

test("heartbeats and reports are logged at debug only", async () => {
  for (const level of ["info", "debug"]) {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path, args: ["--log-level", level] });
    using device = await RawDevice.open(server.port);
    const identity = newIdentity();
    await device.code(register(identity));
    await device.code(login(identity));
    for (let i = 0; i < 5; i++) await device.code(status(identity, "a-heartbeat"));
    for (let i = 0; i < 3; i++) await device.code(data(identity, `a-report ${i}`));
    await device.ask(query(identity, "01", identity.id));
    await server.stop();
    const activity = linesOf(folder, "log/Activity.log");
    const count = (words: string) => activity.filter((it) => it.includes(words)).length;
    const many = level === "debug" ? 1 : 0;
    expect([count("a-heartbeat"), count(" SEND 40 ")]).toEqual([5 * many, 5 * many]);
    expect([count("a-report"), count(" SEND 50 ")]).toEqual([3 * many, 3 * many]);
    expect([count("RECV QUERY"), count("SEND DATA")]).toEqual([many, many]);
  }
});

test("whatever bytes a peer sends, one event is one line of visible characters", async () => {
  using folder = new TemporaryFolder();
  const args = ["--log-level", "debug"];
  await using server = await startServer({ folder: folder.path, args });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  await device.code(login(identity));
  const nasty = [
    "one\ntwo",
    "one\r\n2026-01-01T00:00:00.000Z INFO  - -    forged line",
    "\u001b[2J\u001b]0;title\u0007",
    "\u202eevil\u202c \u2066x\u2069",
    "\u2028\u2029\u0085\u00ad\ufeff\u200b",
    "back\\x1bslash",
    "nul\u0000byte",
    "\u{e0041}tag",
    "tab\ttab",
  ];
  for (const message of nasty) {
    expect(await device.code(data(identity, message))).toBe("50");
    expect(await device.code(status(identity, message))).toBe("40");
    await device.code(`${message}\tx`);
    await device.code(Buffer.concat([Buffer.from(message), Buffer.from([0xff, 0x9b])]));
  }
  await server.stop();
  for (const name of ["log/Activity.log", "log/error.log"]) {
    const lines = linesOf(folder, name);
    for (const it of lines) {
      expect(it).toMatch(line);
      expect(unsafe.test(it)).toBe(false);
    }
    const received = lines.filter((it) => /RECV (DATA|STATUS)|refused a datagram/.test(it));
    expect(received.length).toBe(2 * nasty.length);
  }
  const activity = folder.text("log/Activity.log");
  expect(activity).toContain("one\\x0atwo");
  expect(activity).toContain("\\x1b[2J");
  expect(activity).toContain("\\u202eevil");
  expect(activity).toContain("back\\\\x1bslash");
});

test("no password is in any file or answer, right or wrong, whole or in a broken datagram", async () => {
  using folder = new TemporaryFolder();
  const args = ["--log-level", "debug"];
  await using server = await startServer({ folder: folder.path, args });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity({ password: "the-Right-secret-1" });
  const wrong = { ...identity, password: "the-Wrong-secret-2" };
  const requests = [
    register(identity),
    register({ ...wrong, port: 999 }),
    login(wrong),
    login(identity),
    deregister(wrong),
    // Every other field is invalid in turn, so that a careless refusal would quote the password.
    login({ ...identity, port: 0 }),
    login({ ...identity, ip: "nowhere" }),
    register({ ...identity, mac: "a b" }),
    `${login(identity)}\textra`,
    login({ ...identity, id: "no/id" }),
    `LOGIM\t${identity.id}\t${identity.password}\t1.2.3.4\t5`,
    deregister(identity),
  ];
  const answers: string[] = [];
  for (const request of requests) answers.push(await device.ask(request));
  // In place of an id the password is sent back to its sender as the id, but written to no file.
  await device.ask(`LOGIN\t${identity.password}`);
  await server.stop();
  const texts: Record<string, string> = {
    ...Object.fromEntries(folder.files().map((it) => [it, folder.bytes(it).toString("latin1")])),
    answers: answers.join("\n"),
    stdout: server.stdout,
    stderr: server.stderr,
  };
  expect(Object.keys(texts)).toContain("log/error.log");
  for (const secret of [identity.password, wrong.password]) {
    const holders = Object.keys(texts).filter((name) => texts[name]?.includes(secret));
    expect(holders.map((name) => `${name}: ${linesWith(texts[name], secret)}`)).toEqual([]);
  }
});

function linesWith(text = "", secret: string): string {
  return text
    .split("\n")
    .filter((it) => it.includes(secret))
    .join(" | ")
    .slice(0, 500);
}
