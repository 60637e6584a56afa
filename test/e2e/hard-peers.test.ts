// Peers that disappear before their reply, and peers that flood: the server survives, other peers get their answers,
// and it ends when it is told to.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { data, type Identity, login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs, within } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

async function loggedIn(device: RawDevice): Promise<Identity> {
  const identity = newIdentity();
  await device.code(register(identity));
  expect(await device.code(login(identity))).toBe("70");
  return identity;
}

/** Starts a flood, and waits until it has begun. */
async function startFlood(port: number, from: string, count: number, datagram: string) {
  const script = join(import.meta.dir, "flooder.ts");
  const flood = Bun.spawn([process.execPath, script, String(port), from, String(count), datagram], {
    stdout: "pipe",
    stderr: "inherit",
  });
  await within("the flood to begin", flood.stdout.getReader().read());
  return flood;
}

test("peers that close their port before the answer cost no other peer an answer", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  for (const honestIp of ["127.0.0.1", "::1"]) {
    using honest = await RawDevice.open(server.port, honestIp);
    const identity = await loggedIn(honest);
    for (let round = 0; round < 300; round++) {
      const heartbeats = Array.from({ length: 10 }, (_, i) => status(identity, `${round} ${i}`));
      for (const heartbeat of heartbeats) {
        const gone = await RawDevice.open(server.port, honestIp);
        gone.send(heartbeat);
        gone.send("garbage");
        gone[Symbol.dispose]();
        honest.send(heartbeat);
      }
      // Every heartbeat is answered, without a retry.
      for (const _ of heartbeats) expect(await honest.next("an answer")).toStartWith("ACK\t40\t");
    }
    expect(honest.heard).toEqual([]);
  }
  expect(server.stderr).toBe("");
  expect(await server.stop()).toBe(0);
});

test("under a flood an honest device is answered, and its reports are stored", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using honest = await RawDevice.open(server.port);
  const identity = await loggedIn(honest);
  const flood = await startFlood(server.port, "127.0.0.2", 300_000, status(newIdentity()));
  for (let i = 0; i < 20; i++) {
    expect(await honest.persist(data(identity, `under flood ${i}`), 20)).toBe("50");
  }
  flood.kill("SIGKILL");
  await flood.exited;
  expect(await honest.persist(status(identity), 20)).toBe("40");
  expect(await server.stop()).toBe(0);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} is handled during a flood that does not end`, async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    using honest = await RawDevice.open(server.port);
    const identity = await loggedIn(honest);
    const flood = await startFlood(
      server.port,
      "127.0.0.1",
      Number.MAX_SAFE_INTEGER,
      data(identity, "the same again"),
    );
    expect(await honest.persist(data(identity, "under flood"), 20)).toBe("50");
    expect(await server.stop(signal)).toBe(0);
    flood.kill("SIGKILL");
    await flood.exited;
  });
}
