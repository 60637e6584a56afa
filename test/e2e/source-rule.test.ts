// A text session belongs to the source IP that logged in: other addresses are refused as if there were no session; the
// source port does not matter.

import { expect, setDefaultTimeout, test } from "bun:test";
import { data, login, logoff, newIdentity, query, register, status } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("STATUS, DATA, QUERY and LOGOFF from another source address are refused and change nothing", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using owner = await RawDevice.open(server.port, "127.0.0.1");
  using other = await RawDevice.open(server.port, "127.0.0.2");
  const identity = newIdentity();
  await owner.code(register(identity));
  expect(await owner.code(login(identity))).toBe("70");

  expect(await other.code(status(identity))).toBe("41");
  expect(await other.code(data(identity, "forged"))).toBe("51");
  expect(await other.code(query(identity, "01", identity.id))).toBe("61");
  expect(await other.code(logoff(identity))).toBe("31");

  expect(await owner.code(status(identity))).toBe("40");
  const { stdout } = await run(serverBinary, ["reports", identity.id], folder.path);
  expect(stdout).toContain("No reports");
});

test("each request may come from a new port of the same address", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const identity = newIdentity();
  const requests = [
    [register(identity), "00"],
    [login(identity), "70"],
    [status(identity), "40"],
    [data(identity, "20.5"), "50"],
    [logoff(identity), "80"],
  ] as const;
  for (const [request, code] of requests) {
    using device = await RawDevice.open(server.port);
    expect(await device.code(request)).toBe(code);
  }
});

test("a LOGIN from another address moves the session there", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using before = await RawDevice.open(server.port, "127.0.0.1");
  using after = await RawDevice.open(server.port, "127.0.0.2");
  const identity = newIdentity();
  await before.code(register(identity));
  await before.code(login(identity));
  expect(await after.code(login(identity))).toBe("70");
  expect(await after.code(status(identity))).toBe("40");
  expect(await before.code(status(identity))).toBe("41");
});

test("the source address survives a restart", async () => {
  using folder = new TemporaryFolder();
  const identity = newIdentity();
  {
    await using server = await startServer({ folder: folder.path });
    using owner = await RawDevice.open(server.port, "127.0.0.2");
    await owner.code(register(identity));
    await owner.code(login(identity));
    await server.stop();
  }
  await using server = await startServer({ folder: folder.path });
  using owner = await RawDevice.open(server.port, "127.0.0.2");
  using other = await RawDevice.open(server.port, "127.0.0.1");
  expect(await other.code(status(identity))).toBe("41");
  expect(await owner.code(status(identity))).toBe("40");
});
