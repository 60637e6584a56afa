// Presence: a silent device goes offline after 2.5 of its intervals, one that beats stays online, and the log and the
// listing say so.

import { expect, setDefaultTimeout, test } from "bun:test";
import { login, newIdentity, query, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("with every=1 a silent device goes offline, and one that beats does not", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const [silent, beating] = [newIdentity(), newIdentity()];
  for (const identity of [silent, beating]) {
    await device.code(register(identity));
    await device.code(login(identity));
    expect(await device.code(status(identity, "up every=1 ok"))).toBe("40");
  }
  const lastBeat = performance.now();
  await until("the silent device to be offline", async () => {
    expect(await device.code(status(beating, `at ${performance.now()}`))).toBe("40");
    return folder.text("log/Activity.log").includes(`${silent.id} went offline`);
  });
  expect(performance.now() - lastBeat).toBeGreaterThanOrEqual(2_500);

  expect(folder.text("log/Activity.log")).toMatch(
    new RegExp(` INFO .*${silent.id} went offline: no packet for [23] s`),
  );
  expect(await device.code(status(silent))).toBe("41");
  expect(await device.ask(query(beating, "01", silent.id))).toStartWith("DATA\t12\t");
  const { stdout } = await run(serverBinary, ["devices"], folder.path);
  expect(lineOf(stdout, silent.id)).toContain("offline since");
  expect(lineOf(stdout, silent.id)).toContain("fell silent");
  expect(lineOf(stdout, beating.id)).toContain("online");
});

test("--offline-after ends a session without a stated interval, and a restart of the server ends none", async () => {
  using folder = new TemporaryFolder();
  const identity = newIdentity();
  {
    await using server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    await device.code(register(identity));
    await device.code(login(identity));
    await server.stop();
  }
  await using server = await startServer({
    folder: folder.path,
    args: ["--offline-after", "1s"],
  });
  using device = await RawDevice.open(server.port);
  expect(await device.code(status(identity))).toBe("40");
  await until("the device to be offline", () =>
    folder.text("log/Activity.log").includes(`${identity.id} went offline`),
  );
  expect(await device.code(status(identity))).toBe("41");
});

function lineOf(listing: string, id: string): string {
  return listing.split("\n").find((line) => line.startsWith(`${id} `)) ?? "";
}
