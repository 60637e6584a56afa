// The compiled client against the compiled server, sealed: first contact, changed keys, shared secrets, restarts, state
// on the disk, other devices.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs, until } from "./polling.ts";
import {
  clientBinary,
  type Ended,
  freePort,
  run,
  serverBinary,
  startServer,
} from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const state = ".local/state/iot-client";
const env = { IOT_PASSWORD: "password" };

/** Runs a command of the client as a device. */
function client(
  folder: TemporaryFolder,
  port: number,
  args: string[],
  id = "asmith",
): Promise<Ended> {
  const where = ["--id", id, "--server", `127.0.0.1:${port}`, "--mac", `mac-of-${id}`];
  const rest = args[0] === "trust" ? [...args, `127.0.0.1:${port}`] : [...args, ...where];
  return run(clientBinary, rest, folder.path, { env });
}

/** An agent on a port of its own. */
async function agent(
  folder: TemporaryFolder,
  port: number,
  id: string,
  args: string[] = [],
): Promise<ClientProcess> {
  const where = ["--id", id, "--server", `127.0.0.1:${port}`, "--mac", `mac-of-${id}`];
  const own = ["--port", String(await freePort())];
  const started = new ClientProcess(folder.path, ["run", ...where, ...own, ...args], env);
  await started.says("70 logged in");
  return started;
}

/** Messages of a device's stored reports, in order. */
function reportsIn(folder: TemporaryFolder, id: string): string[] {
  const database = new Database(folder.join("iot_server.db"), { readonly: true });
  const rows = database
    .query<{ message: string }, [string]>(
      "SELECT message FROM data WHERE device = ? ORDER BY sequence",
    )
    .all(id);
  database.close();
  return rows.map(({ message }) => message);
}

function modeOf(path: string): string {
  return Bun.spawnSync(["stat", "-c", "%a", path]).stdout.toString().trim();
}

test("the first contact shows the fingerprint that the server prints, and pins it; the next one is silent", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const [fingerprint] = /SHA256:\S{43}/.exec(
    (await run(serverBinary, ["fingerprint"], folder.path)).stdout,
  ) as unknown as [string];
  expect(server.stdout).toContain(fingerprint);
  const first = await client(folder, server.port, ["register"]);
  expect(first).toMatchObject({ code: 0, stdout: "00 registered\n" });
  expect(first.stderr).toContain(`127.0.0.1:${server.port} is ${fingerprint}`);
  const next = await client(folder, server.port, ["login"]);
  expect(next).toEqual({ code: 0, stdout: "70 logged in\n", stderr: "" });
  expect(folder.text(`${state}/known_servers`)).toMatch(
    new RegExp(`^127\\.0\\.0\\.1:${server.port} x25519:[A-Za-z0-9+/]{43}= \\S+Z\n$`),
  );
  for (const name of ["", "/devices", "/devices/asmith"]) {
    expect(modeOf(folder.join(state + name))).toBe("700");
  }
  for (const name of folder.files().filter((path) => path.startsWith(state))) {
    expect([name, modeOf(folder.join(name))]).toEqual([name, "600"]);
  }
});

test("a program that only reports uses the session of the one that logged in", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await client(folder, server.port, ["register"]);
  await client(folder, server.port, ["login"]);
  expect(await client(folder, server.port, ["send", "21.5"])).toMatchObject({ code: 0 });
  const again = await client(folder, server.port, ["login"]);
  expect(again.stdout).toBe("70 logged in\n");
  expect(await server.stop()).toBe(0);
  expect(reportsIn(folder, "asmith")).toEqual(["21.5"]);
  expect(folder.text("log/Activity.log").match(/RECV (LOGIN|RESUME) asmith/g)).toEqual([
    "RECV LOGIN asmith",
    "RECV RESUME asmith",
  ]);
});

test("a message longer than a frame is refused in words", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  for (const command of ["send", "status"]) {
    const refused = await client(folder, server.port, [command, "x".repeat(1_156)]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("too long");
  }
});

test("a changed key ends the client with exit code 4 and both fingerprints; trust --replace accepts it", async () => {
  using folder = new TemporaryFolder();
  const port = await freePort();
  const first = await startServer({ folder: folder.path, port });
  const [before] = /SHA256:\S{43}/.exec(first.stdout) as unknown as [string];
  await client(folder, port, ["register"]);
  await first.stop();
  rmSync(folder.join("identity.key"));
  await using second = await startServer({ folder: folder.path, port });
  const [after] = /SHA256:\S{43}/.exec(second.stdout) as unknown as [string];
  const stopped = await client(folder, port, ["login"]);
  expect(stopped).toMatchObject({ code: 4, stdout: "" });
  expect(stopped.stderr).toContain(before);
  expect(stopped.stderr).toContain(after);
  expect(stopped.stderr).toContain(`iot-client trust --replace 127.0.0.1:${port}`);
  expect(await client(folder, port, ["trust"])).toMatchObject({ code: 4, stdout: "" });
  const trusted = await client(folder, port, ["trust", "--replace"]);
  expect(trusted.code).toBe(0);
  expect(trusted.stdout).toContain(after);
  expect(await client(folder, port, ["login"])).toMatchObject({ code: 0 });
});

test("--server-key accepts the genuine server and no other", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const [fingerprint] = /SHA256:\S{43}/.exec(server.stdout) as unknown as [string];
  const wrong = `SHA256:${"A".repeat(43)}`;
  const stopped = await client(folder, server.port, ["register", "--server-key", wrong]);
  expect(stopped).toMatchObject({ code: 4, stdout: "" });
  expect(stopped.stderr).toContain(wrong);
  expect(stopped.stderr).toContain(fingerprint);
  expect(folder.text(`${state}/known_servers`)).toBe("");
  const letIn = await client(folder, server.port, ["register", "--server-key", fingerprint]);
  expect(letIn).toMatchObject({ code: 0, stdout: "00 registered\n" });
});

test("if the server does not speak sealed, the client ends with 3 and a hint, and sends no text", async () => {
  using folder = new TemporaryFolder();
  const seen: Uint8Array[] = [];
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (_socket, bytes) => void seen.push(bytes), error() {} },
  });
  const silent = await client(folder, socket.port, ["register", "--timeout", "300ms"]);
  socket.close();
  expect(silent.code).toBe(3);
  expect(silent.stderr).toContain("--text");
  expect(seen.map((bytes) => [bytes.length, bytes[0]])).toEqual([[64, 1]]);
});

test("a shared secret must be the same on both sides", async () => {
  using folder = new TemporaryFolder();
  const psk = folder.join("psk");
  writeFileSync(psk, Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 });
  await using server = await startServer({ folder: folder.path, args: ["--psk-file", psk] });
  const without = await client(folder, server.port, ["register", "--timeout", "300ms"]);
  expect(without.code).toBe(3);
  expect(without.stderr).toContain("--psk-file");
  const withIt = await client(folder, server.port, ["register", "--psk-file", psk]);
  expect(withIt).toMatchObject({ code: 0, stdout: "00 registered\n" });
  expect(server.stdout).toContain("text is refused (--psk-file)");
  const inText = await client(folder, server.port, ["register", "--text"], "bsmith");
  expect(inText).toMatchObject({ code: 1, stdout: "94 encryption required\n" });
  chmodSync(psk, 0o644);
  const exposed = await client(folder, server.port, ["login", "--psk-file", psk]);
  expect(exposed.code).toBe(1);
  expect(exposed.stderr).toContain(`chmod 600 ${psk}`);
});

test("state that others can read is refused with the chmod that corrects it", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await client(folder, server.port, ["register"]);
  const cases = [
    [`${state}/devices/asmith`, 0o755, "700"],
    [`${state}/devices/asmith/device.key`, 0o640, "600"],
    [`${state}/devices/asmith/hs_counter`, 0o604, "600"],
    [`${state}/known_servers`, 0o644, "600"],
    [state, 0o711, "700"],
  ] as const;
  for (const [name, wide, right] of cases) {
    const path = folder.join(name);
    chmodSync(path, wide);
    const refused = await client(folder, server.port, ["login"]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(`chmod ${right} ${path}`);
    chmodSync(path, Number.parseInt(right, 8));
  }
  expect(await client(folder, server.port, ["login"])).toMatchObject({ code: 0 });
});

test("programs that start at the same time agree on one key and one pin", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const all = await Promise.all(
    Array.from({ length: 8 }, () => client(folder, server.port, ["register"])),
  );
  for (const { code, stdout } of all)
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^0[01] /)]);
  const logins = await Promise.all(
    Array.from({ length: 8 }, () => client(folder, server.port, ["login"])),
  );
  for (const { code } of logins) expect(code).toBe(0);
  expect(folder.text(`${state}/known_servers`).split("\n")).toHaveLength(2);
  const left = folder
    .files()
    .filter((path) => /\.(lock|new)$|device\.key\./.test(path) && path.startsWith(state));
  expect(left).toEqual([]);
});

test("an agent survives restarts of the server: no report lost or doubled, and no password check", async () => {
  using folder = new TemporaryFolder();
  const port = await freePort();
  let server = await startServer({ folder: folder.path, port });
  await using device = await agent(folder, port, "asmith");
  const expected: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 20; n++) {
      const message = `round ${round} report ${n}`;
      expected.push(message);
      device.line(message);
      if (n !== 10) continue;
      if (round === 1) await server.stop("SIGKILL");
      else await server.stop();
      server = await startServer({ folder: folder.path, port });
    }
  }
  device.line("last");
  expected.push("last");
  await using last = server;
  const stopped = device.says("80 logged off", 60_000);
  await untilStored(folder, "last");
  expect(await device.stop()).toBe(0);
  await stopped;
  await last.stop();
  expect(reportsIn(folder, "asmith")).toEqual(expected);
  const log = folder.text("log/Activity.log");
  expect(log.match(/RECV LOGIN asmith/g)).toHaveLength(1);
  expect(log.match(/RECV RESUME asmith/g)?.length).toBeGreaterThan(0);
});

/** Waits until a report is on the disk. */
async function untilStored(folder: TemporaryFolder, message: string): Promise<void> {
  await until(
    `${message} on the disk`,
    () => reportsIn(folder, "asmith").includes(message),
    60_000,
  );
}

test("a device asks another one: directly, through the server, or in text if that one speaks text", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, args: ["--shared-ip"] });
  await using near = await agent(folder, server.port, "near", ["--on-query", "echo warm"]);
  // It states an address without a device, as one behind an address translation does.
  await using far = await agent(folder, server.port, "far", ["--ip", "192.0.2.200"]);
  await using plain = await agent(folder, server.port, "plain", ["--text"]);
  await client(folder, server.port, ["register", "--ip", "192.0.2.99"]);
  await client(folder, server.port, ["login", "--ip", "192.0.2.99"]);
  const peer = (id: string) => client(folder, server.port, ["peer", id]);
  expect((await peer("near")).stdout).toBe("01 near answers, sealed, directly: warm\n");
  expect((await peer("far")).stdout).toBe("01 far answers, sealed, relayed by the server: far\n");
  expect((await peer("plain")).stdout).toBe("01 plain answers: plain\n");
  expect(await far.stop("SIGKILL")).not.toBe(0);
  const gone = await peer("far");
  expect(gone.code).toBe(3);
  expect(gone.stdout).toStartWith("-- far is not reached: no direct path to 192.0.2.200");
  expect([await near.stop(), await plain.stop()]).toEqual([0, 0]);
});
